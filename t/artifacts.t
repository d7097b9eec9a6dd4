# The artifacts of an operation: all that it left beside its result; sealed
# on the disk, and handed out as the result is.  And what a container that
# lies can do with them: nothing.
#
# workers: 4

use lib 't/lib';
use PServer;
use PServer::Jobs;

sub artifact_text {
    my ($who, $id, %set) = @_;

    return json({ operation_id => $id,
        signature => sign_text($who, qq({"operation_id":"$id"})), %set });
}

sub artifact_list {
    my ($who, $id, %set) = @_;

    return http('POST', "/api/v1/artifacts/$id/list", {},
        artifact_text($who, $id, %set));
}

sub artifact {
    my ($who, $id, $path, %headers) = @_;

    return http('POST', '/api/v1/artifacts/download', \%headers,
        artifact_text($who, $id, artifact_path => $path));
}

sub folders {
    my @folders = glob state_dir() . '/store/owners/*/jobs/*.out';

    return @folders;
}

run_tests();

__DATA__

=== TEST 1: the list, and each of them
--- config eval
config(pserver_operation => offers('test_echo'),
    more => 'types { text/csv csv; text/plain txt; }')
--- script
is(store_data('owner1', 'demo.messages', example('export.json'))->{status},
    201, 'stored');

my $id = $V{id} = start_job('app1', fresh('ok'))->{json}{id};

is(finish('app1', $id)->{json}{status}, 'succeeded', 'it ran');

for my $who (qw( app1 owner1 )) {
    my $a = artifact_list($who, $id);

    is($a->{status}, 200, "$who: the list");
    is($a->{headers}{'cache-control'}, 'private, no-store', 'not stored');
    is($a->{content}, qq({"kind":"ArtifactList","operation_id":"$id",)
        . '"artifacts":[{"path":"more/a.txt","size":0,'
        . '"content_type":"text/plain"},'
        . '{"path":"more/deep/b.txt","size":2,"content_type":"text/plain"},'
        . '{"path":"more.txt","size":5,"content_type":"text/plain"}]}',
        'by path, without the result');

    $a = artifact($who, $id, 'more/deep/b.txt');

    is($a->{status}, 200, "$who: a file");
    is($a->{content}, "b\n", 'its bytes');

    my %h = %{$a->{headers}};

    is($h{'content-disposition'}, 'attachment; filename="b.txt"', 'a file');
    is($h{'x-content-type-options'}, 'nosniff', 'nosniff');
    is($h{'cache-control'}, 'private, no-store', 'not stored');
    is($h{'content-type'}, 'text/plain', 'its type');
    is($h{'content-length'}, 2, 'its length');

    is(artifact($who, $id, 'more/a.txt')->{content}, '', 'an empty one');
}

my $a = artifact('app1', $id, 'more.txt', Range => 'bytes=1-2');

is($a->{status}, 206, 'a range');
is($a->{content}, 'or', 'of it');
is($a->{headers}{'content-range'}, 'bytes 1-2/5', 'where it is');
is(artifact('app1', $id, 'more.txt', Range => 'bytes=9-')->{status}, 416,
    'none');



=== TEST 2: who gets nothing
--- script
my $id = $V{id};

for my $who (qw( app2 owner2 stranger )) {
    for my $a (artifact_list($who, $id), artifact($who, $id, 'more.txt')) {
        is($a->{status}, 404, $who);
        is($a->{content}, '{"detail":"There is no such operation"}', 'why');
    }
}

# of another text, of another operation

my $other = 'ab' x 32;
my $path = "/api/v1/artifacts/$id/list";
my $sign = sub { (signature => sign_text('app1', shift)) };

for my $text ('{}', qq({"operation_id": "$id"}), qq({"operation_id":"$other"}))
{
    is(artifact_list('app1', $id, $sign->($text))->{status}, 404, $text);
}

is(artifact_list('app1', $other)->{status}, 404, 'there is no such one');

for ([ 'more.txt/', 404 ], [ 'more', 404 ], [ '', 404 ], [ '../more.txt', 404 ],
     [ 'result.json', 404 ], [ 'zzz', 404 ], [ "more.txt\0", 404 ])
{
    my ($path, $status) = @$_;
    my $a = artifact('app1', $id, $path);
    is($a->{status}, $status, "no $path");
    is($a->{content}, '{"detail":"There is no such artifact"}', 'why');
}

for ([ '{', 'The body is not a JSON object' ],
     [ '[]', 'operation_id is not an id' ],
     [ '{"operation_id":7}', 'operation_id is not an id' ],
     [ '{"operation_id":"ab"}', 'operation_id is not an id' ],
     [ qq({"operation_id":"$id"}), 'signature is not a string' ],
     [ qq({"operation_id":"$other","signature":""}),
         'operation_id is another one' ])
{
    my ($body, $why) = @$_;
    my $a = http('POST', $path, {}, $body);
    is($a->{status}, 422, $body);
    is($a->{content}, qq({"detail":"$why"}), $why);
}

my $a = http('POST', '/api/v1/artifacts/download', {},
    qq({"operation_id":"$id","signature":""}));
is($a->{content}, '{"detail":"artifact_path is not a string"}', 'no path');

for my $signature ('', '0x' . '00' x 65, '0x' . 'ff' x 65) {
    my $a = artifact_list('app1', $id, signature => $signature);
    is($a->{status}, 401, 'no signature');
    is($a->{content}, '{"detail":"The signature is not valid"}', 'why');
}

is(http('GET', $path)->{status}, 405, 'no such method');
is(http('POST', $path, {}, ' ' x 17000)->{status}, 413, 'a long body');



=== TEST 3: on the disk: sealed; one that is missing or changed shows
--- script
my $id = $V{id};
my ($folder) = folders();
my @files = glob "$folder/*";
my $text = join "\0", map { local (@ARGV, $/) = $_; <> } @files;

is(scalar @files, 3, 'three');
is(-s $files[0], 4096 + 16, 'the length of the first');
unlike($text, qr/more|deep|\.txt/, 'nothing is readable');

rename "$folder/00000003", "$folder/kept" or die $!;
is(artifact_list('app1', $id)->{status}, 500, 'one is missing');
is(artifact('app1', $id, 'more.txt')->{status}, 500, 'that one');
is(artifact('app1', $id, 'more/a.txt')->{status}, 200, 'others are there');

link "$folder/00000002", "$folder/00000003" or die $!;
is(artifact('app1', $id, 'more.txt')->{status}, 500, 'another in its place');
unlink "$folder/00000003";
rename "$folder/kept", "$folder/00000003" or die $!;
is(artifact('app1', $id, 'more.txt')->{content}, "more\n", 'again');
--- alerts_expected



=== TEST 4: revoked: closed
--- config eval: config(pserver_operation => offers('word_count'))
--- script
my $permission = permit();
my $id = start_job('app1', fresh($permission))->{json}{id};

is(finish('app1', $id)->{json}{status}, 'succeeded', 'it ran');

my $csv = artifact('app1', $id, 'by_month.csv');

is($csv->{status}, 200, 'before');
like($csv->{content}, qr/\d{4}-\d\d,/, 'what it is');

chain('revoke', 'owner1', $permission);
chain('mine', 1);

for my $a (artifact_list('app1', $id), artifact('app1', $id, 'by_month.csv'),
    artifact('owner1', $id, 'by_month.csv'))
{
    is($a->{status}, 403, 'closed');
    like($a->{content}, qr/\A\{"detail":"[^"{}]+"\}\z/, 'in its form');
}



=== TEST 5: of a job that failed or has not ended there are none
--- config eval: config(pserver_operation => offers('test_sleep'))
--- script
my $id = start_job('app1', fresh('ok'))->{json}{id};
my $none = qq({"kind":"ArtifactList","operation_id":"$id","artifacts":[]});

ok(running('app1', $id), 'it runs');
is(artifact_list('app1', $id)->{content}, $none, 'none yet');
is(artifact('app1', $id, 'result.json')->{status}, 404, 'nor this');

cancel_job('app1', $id);
is(finish('app1', $id)->{json}{status}, 'canceled', 'canceled');
is(artifact_list('app1', $id)->{content}, $none, 'none');



=== TEST 6: they go with the row
--- config eval
config(pserver_operation => offers('word_count'), pserver_result_valid => '2s',
    pserver_repeat_window => '1s')
--- script
my $id = start_job('app1', fresh('ok'))->{json}{id};

is(finish('app1', $id)->{json}{status}, 'succeeded', 'it ran');

my $gone = wait_for { !folders() } 15;

ok($gone, 'gone from the disk');
is(artifact_list('app1', $id)->{status}, 404, 'gone');



=== TEST 7: a large one, by its ranges
--- config eval
config(pserver_operation => offers('test_abuse',
    parameters => 'attack', output => '4m'))
--- script
my $id = start_job('app1', { %{fresh('ok')},
    parameters => { attack => 'large' } })->{json}{id};

is(finish('app1', $id)->{json}{status}, 'succeeded', 'it ran');

my $whole = join '', map { sprintf "%07d\n", $_ } 0 .. 131071;
my $a = artifact('app1', $id, 'large.txt');

ok($a->{content} eq $whole, 'all of it');
is($a->{headers}{'content-type'}, 'application/octet-stream', 'its type');

for ([ 0, 0 ], [ 65535, 65536 ], [ 196607, 196608 ], [ 700000, 700100 ],
     [ 1048575, 1048575 ])
{
    my ($first, $last) = @$_;
    my $a = artifact('app1', $id, 'large.txt',
        Range => "bytes=$first-$last");

    is($a->{status}, 206, "bytes $first to $last");
    ok($a->{content} eq substr($whole, $first, $last - $first + 1), 'right');
}



=== TEST 8: a runner that lies: the job fails, and nothing else comes of it
--- config eval
config(pserver_operation => offers('test_hostile',
    parameters => 'mode', output => '1m', timeout => '60s'))
--- script
my %reason = (many => 'output_limit', entries => 'output_limit',
    huge => 'output_limit', size => 'output_limit', deep => 'output_limit',
    silent => 'exit');

my @modes = qw( symlink hardlink dots inner absolute device fifo pax twice
    unsorted inside quote deep many entries huge size short long frames
    silent );

my %id = map {
    $_ => start_job('app1', { %{fresh('ok')},
        parameters => { mode => $_ } })->{json}{id}
} @modes, 'none';

for my $mode (@modes) {
    my $s = finish('app1', $id{$mode}, 90);

    is($s->{json}{status}, 'failed', $mode);
    is($s->{json}{result}{error}{reason}, $reason{$mode} || 'engine', 'why');
    is_deeply(artifact_list('app1', $id{$mode})->{json}{artifacts}, [],
        'nothing came');
}

is_deeply(finish('app1', $id{none})->{json}{result}, { got => 'through' },
    'one that does not lie gets through');
is(containers(), 0, 'no container is left');
