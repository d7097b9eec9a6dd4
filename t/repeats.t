# A signed request that changes something takes effect once, whatever happens
# in between: for data here, then for operations; what a crash leaves at each
# point of the way; and what is swept when it can no longer matter.

use lib 't/lib';
use PServer;
use PServer::Jobs;
use PServer::Store;

use Time::HiRes qw( sleep lstat stat );

# a signed request, to be sent as often as one likes

sub request {
    my ($method, $uri, $body, %claims) = @_;
    my $authorization = auth('owner1', $method, $uri, $body, %claims);

    return sub {
        return http($method, $uri, { Authorization => $authorization,
            'Content-Type' => 'application/json' }, $body);
    };
}

sub versions {
    my $scope = shift;

    return get('owner1', "/v1/data/$scope/versions")->{json}{total};
}

# the links of the owner's folder of markers, newest last

sub markers {
    my $dir = owner_dir('owner1') . '/seen';

    return sort { (lstat $a)[10] <=> (lstat $b)[10] || $a cmp $b }
        glob "$dir/*";
}

sub pid_file { server_root() . '/logs/nginx.pid' }

sub master {
    open my $in, '<', pid_file() or return 0;
    return <$in> + 0;
}

sub workers_of { split ' ', `ps -o pid= --ppid $_[0]` }

sub kill_workers { kill KILL => workers_of(master()) }

# post and operation of TEST 9 still get their first answers

sub same {
    my ($send, $content) = @{$V{send}};
    my ($request, $id) = @{$V{job}};

    is($send->()->{content}, $content, 'the post: the first answer');
    is(versions('demo.restart'), 1, 'one version');
    is(start_job('app1', $request)->{json}{id}, $id, 'the operation, too');
}

run_tests();

__DATA__

=== TEST 1: a post once, a repeat gets the first answer
--- script
my $send = request('POST', '/v1/data/demo.once', '{"n":1}');
my $first = $send->();

is($first->{status}, 201, 'stored');
sleep 1.1;

for (1 .. 3) {
    my $again = $send->();
    is($again->{status}, 201, 'a repeat');
    is($again->{content}, $first->{content}, 'the same answer');
}

is(versions('demo.once'), 1, 'one version');
is(scalar(my @all = markers()), 1, 'one marker');
like((markers())[0], qr{/seen/[0-9a-f]{16}-[0-9a-f]{64}$}, 'its name');

# another nonce is another request

is(request('POST', '/v1/data/demo.once', '{"n":1}', nonce => 'x')
    ->()->{status}, 201, 'another one');
is(versions('demo.once'), 2, 'two versions');



=== TEST 2: a deletion once, also one that found nothing
--- script
my $delete = request('DELETE', '/v1/data/demo.del');

is($delete->()->{status}, 204, 'nothing there');
is(post('owner1', '/v1/data/demo.del', '{"n":2}')->{status}, 201, 'stored');
is($delete->()->{status}, 204, 'a repeat');
is(get('owner1', '/v1/data/demo.del')->{status}, 200, 'changes nothing');

my @logged = grep { $_->{action} eq 'delete' }
    @{ get('owner1', '/v1/access-logs')->{json}{logs} };
is(@logged, 1, 'one of them is in the log');

is(request('DELETE', '/v1/data/demo.del', undef, nonce => 'x')->()->{status},
    204, 'another one');
is(get('owner1', '/v1/data/demo.del')->{status}, 404, 'deletes');



=== TEST 3: a post that was announced and not made, and one that was
--- script
my $send = request('POST', '/v1/data/demo.crash', '{"n":3}');
my $first = $send->();
is($first->{status}, 201, 'stored');

# as if the worker had died after the link, before the marker had its name

my $marker = (markers())[-1];
(my $pending = $marker) =~ s{[^/]*$}{pending};

my $other = request('POST', '/v1/data/demo.other', '{}');

rename $marker, $pending or die $!;
my $again = $send->();
is($again->{content}, $first->{content}, 'it was made: the first answer');
is(versions('demo.crash'), 1, 'one version');
ok(! -l $pending, 'nothing is in doubt');
ok(-l $marker, 'the marker has its name');

# the same, and the next to come is another request

rename $marker, $pending or die $!;
is($other->()->{status}, 201, 'another request');
is($send->()->{content}, $first->{content}, 'the first answer');
is(versions('demo.crash'), 1, 'one version');

# the same, and the object is deleted before the repeat comes

rename $marker, $pending or die $!;
is(ask('owner1', 'DELETE', '/v1/data/demo.crash')->{status}, 204, 'deleted');
is($send->()->{content}, $first->{content}, 'the first answer');
is(versions('demo.crash'), 0, 'and no version');

# one that the manifest does not have: as if it had died before the record

$send = request('POST', '/v1/data/demo.crash2', '{"n":4}');
is($send->()->{status}, 201, 'stored');
is($send->()->{status}, 201, 'twice');

$marker = (markers())[-1];
is(request('DELETE', '/v1/data/demo.crash2', undef, nonce => 'a')->()->{status},
    204, 'deleted');

rename $marker, $pending or die $!;

is($send->()->{status}, 201, 'stored now');
is(versions('demo.crash2'), 1, 'one version');
is($send->()->{status}, 201, 'a repeat');
is(versions('demo.crash2'), 1, 'one version');

# and another one has got the number since

$marker = (markers())[-1];
is(request('DELETE', '/v1/data/demo.crash2', undef, nonce => 'b')->()->{status},
    204, 'deleted');
rename $marker, $pending or die $!;
is(post('owner1', '/v1/data/demo.crash2', '{"n":5}')->{status}, 201, 'other');
is($send->()->{status}, 201, 'stored now');
is(versions('demo.crash2'), 2, 'both are there');



=== TEST 4: a deletion that was announced and not made, and one that was
--- script
is(post('owner1', '/v1/data/demo.gone', '{"n":1}')->{status}, 201, 'stored');

my $delete = request('DELETE', '/v1/data/demo.gone');
is($delete->()->{status}, 204, 'deleted');

my $marker = (markers())[-1];
(my $pending = $marker) =~ s{[^/]*$}{pending};

# it was made, and the object is there again

rename $marker, $pending or die $!;
is(post('owner1', '/v1/data/demo.gone', '{"n":2}')->{status}, 201, 'again');
is($delete->()->{status}, 204, 'a repeat');
is(get('owner1', '/v1/data/demo.gone')->{content} =~ /"n":2/, 1, 'stays');

# it was not made

rename $marker, $pending or die $!;
is($delete->()->{status}, 204, 'now');
is(get('owner1', '/v1/data/demo.gone')->{status}, 404, 'it is gone');



=== TEST 5: a marker that was changed is no answer
--- script
my $send = request('POST', '/v1/data/demo.bad', '{"n":1}');
is($send->()->{status}, 201, 'stored');

my ($one, $two) = (markers())[-2, -1];
my ($text_one, $text_two) = map { readlink } $one, $two;

for my $text ('x', substr($text_two, 1), "0$text_two", '../../../../etc/passwd',
              $text_one, substr($text_two, 0, -1)
              . (substr($text_two, -1) eq '0' ? '1' : '0'))
{
    unlink $two;
    symlink $text, $two or die $!;
    is($send->()->{status}, 500, 'refused');
}

unlink $two;
symlink $text_two, $two or die $!;
is($send->()->{status}, 201, 'the right one again');
is(versions('demo.bad'), 1, 'one version');



=== TEST 6: many at once, of one request and of many
--- script
my $send = request('POST', '/v1/data/demo.many', '{"n":1}');
my @send = map { request('POST', '/v1/data/demo.many', qq({"m":$_})) } 1 .. 6;
my @pipes;

for my $one ($send, $send, $send, $send, @send, @send) {
    open my $from, '-|' or do {
        print $one->()->{status};
        require POSIX;
        close STDOUT;
        POSIX::_exit(0);
    };
    push @pipes, $from;
}

is(join(' ', map { scalar <$_> } @pipes), join(' ', (201) x 16), 'answers');
is(versions('demo.many'), 7, 'one version each');



=== TEST 7: a job whose worker died before it was accepted is none
--- config eval: config(pserver_operation => offers('test_sleep', timeout => '3s'))
--- script
is(store_data('owner1', 'demo.messages', example('export.json'))->{status},
    201, 'data');

my $request = fresh('ok');
my $rows = rows();
my $id = start_job('app1', $request)->{json}{id};
ok(running('app1', $id), 'it runs');

# as if it had died after the lease, before the marker

my ($marker) = glob owner_dir('owner1') . '/jobs/repeats/*';
unlink $marker or die $!;
kill_workers();

ok((wait_for { status_of('app1', $id)->{status} == 404 } 5), 'nobody has it');
is(rows(), $rows, 'no row');

# which is before it would have had a container

engine('DELETE', "/containers/$_?force=1") for containers();

my $again = start_job('app1', $request);
is($again->{status}, 202, 'it is accepted now');
isnt($again->{json}{id}, $id, 'as another');

# and after the marker: it is accepted, a repeat is told so, and it runs

kill_workers();
is(start_job('app1', $request)->{json}{id}, $again->{json}{id}, 'a repeat');
ok(running('app1', $again->{json}{id}), 'it runs');
is(rows(), $rows + 1, 'one row');
is(finish('app1', $again->{json}{id})->{json}{result}{error}{reason},
    'timeout', 'to its end');
is(scalar containers(), 0, 'no container is left');
--- alerts_expected



=== TEST 8: what can no longer matter is swept
--- config eval
main::config(pserver_operation => main::offers('word_count', memory => '64m'),
    pserver_result_valid => '2s', pserver_repeat_window => '1s')
--- script
my $jobs = owner_dir('owner1') . '/jobs';
my $text = '{"permission_id":' . permission('ok') . ',"operation":"word_count"}';
my $one = start_job('app1', $text)->{json}{id};
my $request = fresh('ok');
my $two = start_job('app1', $request)->{json}{id};

is(finish('app1', $_)->{json}{status}, 'succeeded', 'succeeded')
    for $one, $two;

# beside them: markers of old, a row that was never accepted (a copy under
# its name, since only its marker tells), and what a deletion has left

my $seen = owner_dir('owner1') . '/seen';
my $tmp = owner_dir('owner1') . '/tmp';
my $kept = markers();
my ($old, $young) = map { sprintf "$seen/%016x-%s", $_, 'ab' x 32 }
    time - 60 - 6 * 3600 - 10, time - 60 - 6 * 3600 + 100;

symlink 'x', $_ or die $! for $old, $young;
mkdir "$tmp/deleted" or die $!;
open my $out, '>', "$tmp/deleted/00000001";
open $out, '>', "$jobs/" . 'cd' x 32 . '.new';
close $out;
utime time - 90000, time - 90000, "$jobs/" . 'cd' x 32 . '.new';

ok((wait_for { rows() == 0 } 10), 'no row is left');
ok((wait_for { ! -l $old && ! -d "$tmp/deleted" } 5), 'nor an old marker');
ok(-l $young, 'a younger one is');
is_deeply([ grep { !m{/(?:lock|repeats)$} } glob "$jobs/*" ], [],
    'nothing else');
is_deeply([ glob state_dir() . '/store/jobs/*/*' ], [], 'no link of the index');
unlink $young;

is(status_of('app1', $_)->{status}, 404, 'gone') for $one, $two;

# without a nonce it is a new one, with a nonce it stays a repeat

my $again = start_job('app1', $request);
is($again->{status}, 202, 'a repeat');
is($again->{json}{id}, $two, 'of the one that is gone');

my $new = start_job('app1', $text);
is($new->{status}, 202, 'a new one');
isnt($new->{json}{id}, $one, 'is another');
is(finish('app1', $new->{json}{id})->{json}{status}, 'succeeded', 'it runs');



=== TEST 9: restart, another zone, a reload and another binary in between
--- script
my $send = request('POST', '/v1/data/demo.restart', '{"n":1}');
$V{send} = [ $send, $send->()->{content} ];
$V{delete} = request('DELETE', '/v1/data/demo.restart');

my $request = fresh('ok');
$V{job} = [ $request, start_job('app1', $request)->{json}{id} ];
finish('app1', $V{job}[1]);

kill HUP => master();
select undef, undef, undef, 0.3;
same();

kill_workers();
same();

# both masters at work, then only the new one

my $old = master();
kill USR2 => $old;
ok((wait_for { -e pid_file() . '.oldbin' && -e pid_file() } 5), 'two masters');
ok((wait_for { scalar workers_of(master()) } 5), 'with workers');
same() for 1 .. 4;

kill QUIT => $old;
ok((wait_for { !kill 0 => $old } 15), 'one master');
same();
--- alerts_expected



=== TEST 10: after a restart with a zone of another size
--- http_config eval: main::http_config() =~ s/pserver:4m/pserver:1m/r
--- script
same();
is($V{delete}->()->{status}, 204, 'deleted');
is(post('owner1', '/v1/data/demo.restart', '{"n":2}')->{status}, 201, 'stored');



=== TEST 11: and back
--- script
same();
is($V{delete}->()->{status}, 204, 'a repeat');
is(versions('demo.restart'), 1, 'deletes nothing');
