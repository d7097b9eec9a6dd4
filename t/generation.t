# A new data key for one owner: what is new goes under it, what was there opens
# as before and is sealed again in the background, the older key is destroyed
# when nothing needs it; and an older file of keys that is put back shows.

# workers: 4

use lib 't/lib';
use PServer;
use PServer::Store;


sub swept { config(pserver_result_valid => '1s', pserver_engine => undef,
    pserver_operation => undef) }

# no sweep within the time of a block

sub slow { config(pserver_engine => undef, pserver_operation => undef) }

sub keys_of {
    my $wallet = shift || 'owner1';
    return http('GET', '/v1/keys', { Authorization => auth($wallet, 'GET',
        '/v1/keys') });
}

sub renew {
    my ($n, $wallet) = @_;
    my $uri = "/v1/keys/$n";
    return http('PUT', $uri, { Authorization => auth($wallet || 'owner1',
        'PUT', $uri, '') }, '');
}

sub key_file { owner_dir('owner1') . '/owner.key' }

# the generations in the plain part of the file of keys

sub span {
    my ($version, @span) = unpack 'x8N x32 NN', slurp(key_file());
    return $version == 1 ? '1 1' : "@span";
}

# those of all files of the owner's data, in order

sub generations {
    return join ' ', sort { $a <=> $b } map {
        my ($version, $generation) = unpack 'x8n x206 N', slurp($_);
        $version == 1 ? 1 : $generation;
    } all_files(owner_dir('owner1') . '/objects');
}

sub opened {
    my $dir = owner_dir('owner1');
    my $text = qx(python3 t/vectors/sealed.py read @{[ state_dir() ]}/root @{[
        fixtures()->{chain}{chainId} ]} $dir 2>&1);
    return eval { json($text) } || diag($text);
}

run_tests();

__DATA__

=== TEST 1: the next generation, once
--- config eval: main::slow()
--- script
# the first sweep is a second after the start, the next a minute later

sleep 2;

is(main::keys_of()->{status}, 404, 'nothing is stored yet');
is(main::renew(2)->{status}, 404, 'and so there is no key to renew');

post('owner1', '/v1/data/demo.one', '{"n":1}');
post('owner1', '/v1/data/demo.one', '{"n":2}');
post('owner1', '/v1/data/demo.two', '{"n":3}');

is(main::keys_of()->{content}, '{"generation":1,"oldest":1}', 'the first');

my $r = main::renew(3);
is($r->{status}, 409, 'one is left out');
is($r->{json}{error}{errorCode}, 'NOT_NEXT_GENERATION', 'code');
is(main::renew(1)->{status}, 200, 'that is there');
is(main::span(), '1 1', 'nothing has changed');

my $uri = '/v1/keys/2';
my $header = { Authorization => auth('owner1', 'PUT', $uri, '') };
$r = http('PUT', $uri, $header, '');
is($r->{status}, 201, 'made');
is($r->{content}, '{"generation":2,"oldest":1}', 'and the first is there');
is(http('PUT', $uri, $header, '')->{status}, 200, 'a repeat');
is(main::renew(2)->{status}, 200, 'another request for it');
is(main::span(), '2 1', 'changes nothing');

is(http('PUT', $uri, { Authorization => auth('app1', 'PUT', $uri, '') },
    '')->{status}, 401, 'by another wallet');
is(http('PUT', $uri, { Authorization => auth('owner1', 'PUT', $uri, 'x') },
    '')->{status}, 401, 'a body that was not signed');
is(http('PUT', "/v1/keys/$_", { Authorization => auth('owner1', 'PUT',
    "/v1/keys/$_", '') }, '')->{status}, 404, "no generation: $_")
    for qw( 0 02 x 99999999999 2/ );
is(http('POST', $uri, { Authorization => auth('owner1', 'POST', $uri, '') },
    '')->{status}, 405, 'another method');

is(post('owner1', '/v1/data/demo.one', '{"n":4}')->{status}, 201, 'stored');
is(main::generations(), '1 1 1 2', 'under the new key');

is(get('owner1', "/v1/data/demo.one?fileId=$_")->{status}, 200, "version $_")
    for 1 .. 3;
is(get('owner1', '/v1/data/demo.two')->{json}{data}{n}, 3, 'the other');

my ($entry) = grep { $_->{action} eq 'key_rotated' }
    @{ get('owner1', '/v1/access-logs')->{json}{logs} };
ok($entry, 'it is in the log');



=== TEST 2: what was there is sealed again, and the older key goes
--- config eval: main::swept()
--- script
my %etag = map { $_ => get('owner1', "/v1/data/demo.one?fileId=$_")
    ->{headers}{etag} } 1 .. 3;
my $manifest = slurp(owner_dir('owner1') . '/manifest');
my $size = -s (all_files(owner_dir('owner1') . '/objects'))[0];

ok((wait_for { main::span() eq '2 2' } 15), 'only the newest key is there');
is(main::generations(), '2 2 2 2', 'all are under it');
ok(!-l owner_dir('owner1') . '/rotate', 'nothing is demanded any more');
is(slurp(owner_dir('owner1') . '/manifest'), $manifest,
    'the manifest is as it was');
is(-s (all_files(owner_dir('owner1') . '/objects'))[0], $size, 'so is a size');

for (1 .. 3) {
    my $r = get('owner1', "/v1/data/demo.one?fileId=$_");
    is($r->{status}, 200, "version $_");
    is($r->{json}{data}{n}, $_ == 3 ? 4 : $_, 'its content');
    is($r->{headers}{etag}, $etag{$_}, 'its tag');
}

is_deeply([ grep { !m{/(?:jobs|seen|objects)/|/(?:owner\.key|manifest)$} }
    all_files(owner_dir('owner1')) ], [], 'nothing is left over');
ok((wait_for { grep { $_->{action} eq 'keys_destroyed' }
    @{ get('owner1', '/v1/access-logs')->{json}{logs} } } 10), 'in the log');
is(http('GET', '/status')->{json}{counters}{versions_resealed}, 3, 'counted');



=== TEST 3: an upload that began before ends under the new key
--- config eval: main::slow()
--- script
my $uri = '/v1/data/demo.slow';

# more than is sealed at once

my $body = '{"text":"' . 'lemur ' x 100000 . '"}';
my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . port());

$s->autoflush(1);
print $s join "\r\n", "POST $uri HTTP/1.1", 'Host: x', 'Connection: close',
    'Authorization: ' . auth('owner1', 'POST', $uri, $body),
    'Content-Type: application/json', 'Content-Length: ' . length $body, '',
    substr $body, 0, 400000;
sleep 1;

is(main::renew(3)->{status}, 201, 'a new key meanwhile');

print $s substr $body, 400000;
like(do { local $/; <$s> }, qr{^HTTP/1.1 201 }, 'stored');

is(main::generations(), '2 2 2 2 3', 'under the new one');
is(length get('owner1', $uri)->{json}{data}{text}, 600000, 'and it opens');



=== TEST 4: an older file of keys that is put back, on a server that starts
--- config eval: main::slow() . "\n# started anew"
--- error_log
is older than it was
--- alerts_expected
--- script
my $file = main::key_file();
my $now = slurp($file);

is(main::renew(4)->{status}, 201, 'a new one');
is(get('owner1', '/v1/data/demo.two')->{status}, 200, 'read');

my $put = sub {
    my ($text) = @_;
    unlink $file;
    open my $out, '>', $file or die $!;
    print $out $text;
    close $out;
    chmod 0600, $file;
};
my $new = slurp($file);

$put->($now);
is(get('owner1', '/v1/data/demo.two')->{status}, 500, 'a read');
is(post('owner1', '/v1/data/demo.two', '{"n":5}')->{status}, 500, 'a post');
is(main::renew(4)->{status}, 500, 'a new key from it');
is(slurp($file), $now, 'is not made');

$put->($new);
is(get('owner1', '/v1/data/demo.two')->{status}, 200, 'and the right one');



=== TEST 5: a version that does not open keeps the older keys
--- config eval: main::swept()
--- alerts_expected
--- error_log
could not be sealed under the owner's new key
--- script
my ($file) = grep { unpack('x216 N', slurp($_)) == 3 }
    all_files(owner_dir('owner1') . '/objects');
my $text = slurp($file);
my $put = sub {
    open my $out, '+<', $file or die $!;
    print $out shift;
    close $out;
};

$put->(substr($text, 0, 150) . chr(ord(substr $text, 150, 1) ^ 1)
    . substr $text, 151);

ok((wait_for { main::generations() eq '3 4 4 4 4' } 15), 'the others are');
sleep 2;
is(main::span(), '4 2', 'the keys stay');

$put->($text);
ok((wait_for { main::span() eq '4 4' } 15), 'until it opens again');
is(main::generations(), '4 4 4 4 4', 'all are under the newest');



=== TEST 6: the other opener reads it
--- config eval: main::slow()
--- script
my $all = main::opened();
is(scalar @{ $all->{versions} }, 5, 'five versions');
is_deeply([ map { $_->{generation} } @{ $all->{versions} } ],
    [ (4) x 5 ], 'of the fourth generation');



=== TEST 7: with pserverctl, by the owner, and by the operator in the store
--- config eval: main::slow()
--- script
my $ctl = root_dir() . '/build/bin/pserverctl';
my $run = sub { my $out = qx($ctl @_ 2>&1); chomp $out; "$? $out" };

local $ENV{PSERVER_KEY} = wallet('owner1')->{key};
my $server = 'http://127.0.0.1:' . port() . ' --aud ' . origin();

is($run->("rotate $server"), '0 5', 'by the owner');
like(main::span(), qr/^5 /, 'there it is');

my $store = state_dir() . '/store';
my $owner = wallet('owner1')->{address};

is($run->("rotate-owner $store $owner"), '0 6', 'by the operator');
is($run->("rotate-owner $store $owner"), '0 6', 'once more');
like($run->("rotate-owner $store 0x" . '12' x 20), qr/^256 .*No such file/,
    'of nobody');
like(main::span(), qr/^5 /, 'nothing is done yet');



=== TEST 8: nginx finds it
--- config eval: main::swept()
--- script
ok((wait_for { main::span() eq '6 6' } 15), 'made, and the rest is gone');
is(main::generations(), '6 6 6 6 6', 'all are under it');
ok((wait_for { grep { $_->{action} eq 'key_rotated' } (@{ get('owner1',
    '/v1/access-logs')->{json}{logs} })[0 .. 9] } 10), 'in the log');
ok(!-l owner_dir('owner1') . '/rotate', 'nothing is demanded any more');
