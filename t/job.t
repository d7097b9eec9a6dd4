# What can become of an operation that was accepted: every way to end, each
# with its reason, and afterwards no container is left.

use lib 't/lib';
use PServer;
use PServer::Jobs;

use Digest::SHA qw( sha256_hex );

sub file {
    my $name = shift;

    open my $in, '<:raw', $name or die "$name: $!";
    local $/;
    return <$in>;
}

# a job that kills its workers: it has so many attempts, each in a container
# of its own, and then it has failed

sub deadly {
    my $attempts = shift;
    my $id = start_job('app1', fresh('ok'))->{json}{id};
    my %seen;

    open my $in, '<', server_root() . '/logs/nginx.pid';
    chomp(my $pid = <$in>);

    for my $n (1 .. $attempts) {
        my $new = wait_for {
            my @new = grep { !$seen{$_}++ } containers();
            @new == 1;
        } 20;

        ok($new, "attempt $n");
        ok(running('app1', $id), 'it runs');
        kill KILL => split ' ', `ps -o pid= --ppid $pid`;
    }

    my $s = finish('app1', $id);
    is($s->{json}{status}, 'failed', 'it ends');
    is($s->{json}{result}{error}{reason}, 'engine', 'why');
    is(scalar(grep { !$seen{$_} } containers()), 0, 'without another attempt');
    is(containers(), 0, 'no container is left');
}

run_tests();

__DATA__

=== TEST 1: the data
--- script
my $export = example('export.json');

is(store_data('owner1', 'demo.messages', $export)->{status}, 201, 'owner1');
is(store_data('owner2', 'demo.notes', $export)->{status}, 201, 'owner2');



=== TEST 2: exit status 3
--- config eval: config(pserver_operation => offers('test_exit'))
--- script
my $s = finish('app1', start_job('app1', fresh('ok'))->{json}{id});
is($s->{json}{status}, 'failed', 'failed');
is_deeply($s->{json}{result}, { error => { reason => 'exit', exit_code => 3,
    message => 'the operation ended without a result' } }, 'why');
is(containers(), 0, 'no container is left');



=== TEST 3: out of memory
--- config eval: config(pserver_operation => offers('test_oom'))
--- script
my $s = finish('app1', start_job('app1', fresh('ok'))->{json}{id});
is($s->{json}{status}, 'failed', 'failed');
is($s->{json}{result}{error}{reason}, 'oom', 'why') or diag($s->{content});
is(containers(), 0, 'no container is left');



=== TEST 4: out of time
--- config eval: config(pserver_operation => offers('test_sleep', timeout => '2s'))
--- script
my $s = finish('app1', start_job('app1', fresh('ok'))->{json}{id});
is($s->{json}{status}, 'failed', 'failed');
is_deeply($s->{json}{result}, { error => { reason => 'timeout',
    message => 'the operation ran out of time' } }, 'why');
is(containers(), 0, 'no container is left');



=== TEST 5: talks without end
--- config eval: config(pserver_operation => offers('test_chatter', timeout => '2s'))
--- script
my $s = finish('app1', start_job('app1', fresh('ok'))->{json}{id});
is($s->{json}{result}{error}{reason}, 'timeout', 'why') or diag($s->{content});
is(containers(), 0, 'no container is left');



=== TEST 6: a result that is too long
--- config eval: config(pserver_operation => offers('test_flood', output => '1m'))
--- script
my $s = finish('app1', start_job('app1', fresh('ok'))->{json}{id});
is($s->{json}{status}, 'failed', 'failed');
is_deeply($s->{json}{result}, { error => { reason => 'output_limit',
    message => "the operation's output is over its limit" } }, 'why');
is(containers(), 0, 'no container is left');



=== TEST 7: a result that is no JSON object
--- config eval: config(pserver_operation => offers('test_notjson'))
--- script
my $s = finish('app1', start_job('app1', fresh('ok'))->{json}{id});
is($s->{json}{result}{error}{reason}, 'exit', 'why') or diag($s->{content});
is($s->{json}{result}{error}{exit_code}, 0, 'exit status');
is(containers(), 0, 'no container is left');



=== TEST 8: no result
--- config eval: config(pserver_operation => offers('test_noresult'))
--- script
my $s = finish('app1', start_job('app1', fresh('ok'))->{json}{id});
is($s->{json}{result}{error}{reason}, 'exit', 'why') or diag($s->{content});
is(containers(), 0, 'no container is left');



=== TEST 9: an output that is not allowed
--- config eval: config(pserver_operation => offers('test_badout'))
--- script
my $s = finish('app1', start_job('app1', fresh('ok'))->{json}{id});
is($s->{json}{status}, 'failed', 'failed') or diag($s->{content});
is($s->{json}{result}{error}{reason}, 'exit', 'why');
is(containers(), 0, 'no container is left');



=== TEST 10: an image that brings a volume is not started
--- config eval: config(pserver_operation => offers('test_volume'))
--- script
my $s = finish('app1', start_job('app1', fresh('ok'))->{json}{id});
is($s->{json}{result}{error}{reason}, 'engine', 'why') or diag($s->{content});
is(containers(), 0, 'no container is left');



=== TEST 11: an image that is not there
--- config eval
my $text = offers('word_count');
$text =~ s/sha256:\w+/'sha256:' . '0' x 64/e;
config(pserver_operation => $text)
--- script
my $s = finish('app1', start_job('app1', fresh('ok'))->{json}{id});
is($s->{json}{status}, 'failed', 'failed');
is_deeply($s->{json}{result}, { error => { reason => 'engine',
    message => 'the engine could not run the operation' } }, 'why');
is(containers(), 0, 'no container is left');



=== TEST 12: more data than the operation takes
--- config eval: config(pserver_operation => offers('word_count', input => '1k'))
--- script
my $rows = rows();
my $a = start_job('app1', fresh('ok'));
is($a->{status}, 400, 'refused');
is($a->{json}{detail}{error_code}, 'VALIDATION_ERROR', 'its code');
is(rows(), $rows, 'no row');



=== TEST 13: the engine is not there
--- http_config eval: http_config(engine => 'unix:/nonexistent/docker.sock')
--- config eval: config(pserver_engine => '/_engine/ jobs=8 away=0')
--- script
my $s = finish('app1', start_job('app1', fresh('ok'))->{json}{id});
is($s->{json}{status}, 'failed', 'failed');
is($s->{json}{result}{error}{reason}, 'engine', 'why');
--- alerts_expected



=== TEST 14: killed from outside
--- config eval: config(pserver_operation => offers('test_sleep'))
--- script
my $id = start_job('app1', fresh('ok'))->{json}{id};

ok(running('app1', $id), 'it runs');
my ($container) = containers();
my ($status) = engine('POST', "/containers/$container/kill");
is($status, 204, 'killed');

my $s = finish('app1', $id);
is($s->{json}{result}{error}{reason}, 'exit', 'why') or diag($s->{content});
is($s->{json}{result}{error}{exit_code}, 137, 'exit status');
is(containers(), 0, 'no container is left');



=== TEST 15: removed from outside
--- config eval: config(pserver_operation => offers('test_sleep'))
--- script
my $id = start_job('app1', fresh('ok'))->{json}{id};

ok(running('app1', $id), 'it runs');
my ($container) = containers();
my ($status) = engine('DELETE', "/containers/$container?force=1");
is($status, 204, 'removed');

my $s = finish('app1', $id);
is($s->{json}{status}, 'failed', 'failed');
like($s->{json}{result}{error}{reason}, qr/^(?:exit|engine)$/, 'why');
is(containers(), 0, 'no container is left');



=== TEST 16: canceled by the app, and by the owner
--- config eval: config(pserver_operation => offers('test_sleep'))
--- script
for my $who (qw( app1 owner1 )) {
    my $id = start_job('app1', fresh('ok'))->{json}{id};

    ok(running('app1', $id), 'it runs');

    my $since = time;
    my $a = cancel_job($who, $id);
    is($a->{status}, 204, "$who cancels");
    ok((wait_for { containers() == 0 } 10), 'the container is gone');
    cmp_ok(time - $since, '<=', 2, 'within two seconds');
    is($a->{content}, undef, 'nothing is said');

    my $s = finish('app1', $id);
    is($s->{json}{status}, 'canceled', 'canceled');
    is($s->{json}{result}, undef, 'no result');
    is(containers(), 0, 'no container is left');
    is(cancel_job($who, $id)->{status}, 204, 'again');
    is(status_of('app1', $id)->{json}{status}, 'canceled', 'still');
}



=== TEST 17: canceled while it waits, and while it starts
--- config eval
config(pserver_engine => '/_engine/ jobs=1',
    pserver_operation => offers('test_sleep', timeout => '30s'))
--- script
my @ids = map {
    start_job('app1', fresh('ok'))->{json}{id}
} 1 .. 3;

is(cancel_job('app1', $_)->{status}, 204, 'canceled') for reverse @ids;
is(finish('app1', $_)->{json}{status}, 'canceled', 'canceled') for @ids;
is(containers(), 0, 'no container is left');



=== TEST 18: one place, three operations: one after the other
--- config eval: config(pserver_engine => '/_engine/ jobs=1')
--- script
my @ids = map {
    start_job('app1', fresh('ok'))->{json}{id}
} 1 .. 3;
my $most = 0;

wait_for {
    my $n = () = containers();
    $most = $n if $n > $most;
    !grep { status_of('app1', $_)->{json}{status} ne 'succeeded' } @ids;
} 30;

is(status_of('app1', $_)->{json}{status}, 'succeeded', 'ran') for @ids;
is($most, 1, 'one at a time, whichever worker has them');
is(containers(), 0, 'no container is left');



=== TEST 19: the client goes away
--- script
my $rows = rows();
for my $wait (0, 0.001, 0.01, 0.05) {
    my $b = operation('app1', fresh('ok'));
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => port());
    print $socket "POST /api/v1/operations HTTP/1.1\r\nHost: x\r\n",
        'Content-Length: ', length $b, "\r\n\r\n", $b;
    select undef, undef, undef, $wait if $wait;
    close $socket;
}

# whatever came of them, it ends

my $live = state_dir() . '/store/leases';

my $over = wait_for { `find $live -type l` eq '' && rows() > $rows } 20;

ok($over, 'all end');
is(containers(), 0, 'no container is left');



=== TEST 20: a reload while it runs
--- config eval: config(pserver_operation => offers('test_sleep', timeout => '3s'))
--- script
my $id = start_job('app1', fresh('ok'))->{json}{id};

ok(running('app1', $id), 'it runs');

open my $in, '<', server_root() . '/logs/nginx.pid';
chomp(my $pid = <$in>);
kill HUP => $pid;

my $s = finish('app1', $id);
is($s->{json}{status}, 'failed', 'it ends');
is($s->{json}{result}{error}{reason}, 'timeout', 'as it would have');
is(containers(), 0, 'no container is left');



=== TEST 21: its worker is killed: another one starts it again
--- config eval: config(pserver_operation => offers('test_sleep', timeout => '3s'))
--- script
my $id = start_job('app1', fresh('ok'))->{json}{id};

ok(running('app1', $id), 'it runs');

my ($first) = containers();

open my $in, '<', server_root() . '/logs/nginx.pid';
chomp(my $pid = <$in>);
kill KILL => split ' ', `ps -o pid= --ppid $pid`;

my $other = wait_for {
    my @now = containers();
    @now == 1 && $now[0] ne $first;
} 15;

ok($other, 'in another container');

my $s = finish('app1', $id);
is($s->{json}{status}, 'failed', 'it ends');
is($s->{json}{result}{error}{reason}, 'timeout', 'as it would have');
is(containers(), 0, 'no container is left');
--- alerts_expected



=== TEST 22: killed again and again: it fails
--- config eval: config(pserver_operation => offers('test_sleep', timeout => '20s'))
--- script
::deadly(2);
--- alerts_expected



=== TEST 23: once is enough
--- config eval: config(pserver_operation => offers('test_sleep', timeout => '20s', attempts => 1))
--- script
::deadly(1);
--- alerts_expected



=== TEST 24: three times
--- config eval: config(pserver_operation => offers('test_sleep', timeout => '20s', attempts => 3))
--- script
::deadly(3);
--- alerts_expected



=== TEST 25: revoked while it runs
--- config eval: config(pserver_operation => offers('test_sleep', timeout => '30s'))
--- script
my $permission = permit();
my $id = start_job('app1', fresh($permission))->{json}{id};

ok(running('app1', $id), 'it runs');

my $since = time;
chain('revoke', 'owner1', $permission);
chain('mine', 1);

my $s = finish('app1', $id);
cmp_ok(time - $since, '<=', 10, 'within ten seconds');
is($s->{json}{status}, 'failed', 'failed') or diag($s->{content});
is_deeply($s->{json}{result}, { error => { reason => 'revoked',
    message => 'the permission does not hold any more' } }, 'why');
is(containers(), 0, 'no container is left');



=== TEST 26: revoked afterwards: the result stays closed
--- script
my $permission = permit();
my $id = start_job('app1', fresh($permission))->{json}{id};

is(finish('app1', $id)->{json}{status}, 'succeeded', 'it ran');
is(status_of('app1', $id)->{json}{result}{words}, 29815, 'the result');

chain('revoke', 'owner1', $permission);
chain('mine', 1);

my $s = status_of('app1', $id);
is($s->{status}, 403, 'closed');
is($s->{json}{detail}{error_code}, 'AUTHORIZATION_ERROR', 'its code');
unlike($s->{content}, qr/29815/, 'nothing of it');

my $a = start_job('app1', fresh($permission));
is($a->{status}, 403, 'and no new one');



=== TEST 27: nothing on the disk is readable
--- script
my $store = state_dir() . '/store';
my @files = split /\0/, `find $store -type f -print0`;
my $text = join "\0", map { local (@ARGV, $/) = $_; <> } @files;

cmp_ok(scalar @files, '>', 10, 'there is something');
unlike($text, qr/$_/, $_)
    for qw( word_count harbour permission_id distinct_words Okafor );
unlike(join("\0", `find $store`), qr/demo|messages/, 'nor a name');



=== TEST 28: canceled while its input is loaded
--- config eval
config(pserver_operation => offers('test_sleep', memory => '512m',
    input => '64m', timeout => '30s'))
--- script
my $text = '{"a":"' . 'x' x (24 * 1024 * 1024) . '"}';
is(store_data('owner1', 'demo.messages', $text)->{status}, 201, 'stored');

for my $wait (map { 0.004 * $_ } 0 .. 15) {
    my $id = start_job('app1', fresh('ok'))->{json}{id};
    select undef, undef, undef, $wait;
    is(cancel_job('app1', $id)->{status}, 204, "canceled after $wait s");
    is(finish('app1', $id)->{json}{status}, 'canceled', 'canceled');
}

is(containers(), 0, 'no container is left');



=== TEST 29: offers that make no sense
--- config eval: config(pserver_operation => offers('word_count', memory => '1m'))
--- script
--- must_die
--- error_log
has no or a bad "memory"



=== TEST 30: no attempt at all
--- config eval: config(pserver_operation => offers('word_count', attempts => 0))
--- script
--- must_die
--- error_log
invalid parameter "attempts=0" of operation "word_count"



=== TEST 31: attempts without end
--- config eval: config(pserver_operation => offers('word_count', attempts => 11))
--- script
--- must_die
--- error_log
invalid parameter "attempts=11" of operation "word_count"



=== TEST 32: no more than the queue takes
--- config eval
config(pserver_engine => '/_engine/ jobs=1 queue=1',
    pserver_operation => offers('test_sleep'))
--- script
my @answers = map { start_job('app1', fresh('ok')) } 1 .. 3;
my @ids = map { $_->{json}{id} } grep { $_->{status} == 202 } @answers;
my ($full) = grep { $_->{status} != 202 } @answers;

is(scalar @ids, 2, 'one runs, one waits, in all workers together');
is($full->{status}, 429, 'there is no room');
is($full->{json}{detail}{error_code}, 'RATE_LIMIT_ERROR', 'its code');
is($full->{headers}{'retry-after'}, 5, 'when to come again');

cancel_job('app1', $_) for @ids;
finish('app1', $_) for @ids;

is(containers(), 0, 'no container is left');

my $again = start_job('app1', fresh('ok'));
is($again->{status}, 202, 'there is room again');
cancel_job('app1', $again->{json}{id});
finish('app1', $again->{json}{id});



=== TEST 33: a row of another version, or that was changed, is left alone
--- config eval: config(pserver_operation => offers('test_sleep', timeout => '3s'))
--- script
my $id = start_job('app1', fresh('ok'))->{json}{id};
ok(running('app1', $id), 'it runs');
select undef, undef, undef, 0.3;

my ($file) = glob state_dir() . '/store/owners/*/jobs/'
    . sha256_hex(pack 'H*', $id);
my $row = ::file($file);

my $put = sub {
    open my $out, '>:raw', $file or die $!;
    print $out shift;
    close $out;

    open my $in, '<', server_root() . '/logs/nginx.pid';
    chomp(my $pid = <$in>);
    kill KILL => split ' ', `ps -o pid= --ppid $pid`;
};

my $other = 'PSRVJOB9' . substr $row, 8;
$put->($other);

ok((wait_for { ::file(server_root() . '/logs/error.log')
    =~ m{1 jobs are left alone.*/jobs/\w{64}"} } 10), 'the log says so');
select undef, undef, undef, 7;
is(scalar containers(), 1, 'so is its container');
is(::file($file), $other, 'and the row');
is(status_of('app1', $id)->{status}, 500, 'nobody knows what it says');

# it is there again for who can read it

$put->($row);
is(finish('app1', $id)->{json}{result}{error}{reason}, 'timeout', 'it ends');
is(containers(), 0, 'no container is left');
--- alerts_expected
