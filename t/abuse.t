# A job for each attack, against the real engine: what the attacker got,
# how the job ended, and that the next one runs as if nothing had been.
# What a container can do with its output is in t/artifacts.t.
#
# workers: 1

use lib 't/lib';
use PServer;
use PServer::Jobs;

sub attack {
    my $name = shift;

    return start_job('app1', { %{fresh('ok')},
        parameters => { attack => $name } })->{json}{id};
}

run_tests();

__DATA__

=== TEST 1: the data
--- script
is(store_data('owner1', 'demo.messages', example('export.json'))->{status},
    201, 'stored');



=== TEST 2: what is asked of the kernel, of the network, of pserver-run
--- config eval
config(pserver_operation => offers('test_abuse', parameters => 'attack',
    output => '1m'))
--- script
my %id = map { $_ => attack($_) } qw( kernel network runner forks );

for my $name (sort keys %id) {
    my $s = finish('app1', $id{$name});

    is($s->{json}{status}, 'succeeded', "$name: it ended by itself")
        or diag($s->{content});

    my %got = %{$s->{json}{result} || {}};

    is(delete $got{over}, 1, "$name: all was tried");
    is(join(' ', grep { $got{$_} } sort keys %got), '', "$name: got nothing");
}

is(containers(), 0, 'no container is left');



=== TEST 3: what it takes of memory, inodes, output and time
--- config eval
config(pserver_operation => offers('test_abuse', parameters => 'attack',
    output => '1m', timeout => '4s'))
--- script
my %reason = (memory => 'oom|exit', files => 'exit',
    fills => 'exit', artifacts => 'exit|oom',
    flood => 'timeout', deaf => 'timeout');
my %id = map { $_ => attack($_) } sort keys %reason;

for my $name (sort keys %id) {
    my $s = finish('app1', $id{$name});
    my $error = $s->{json}{result}{error} || {};

    # they are stopped by what a file system takes, or by the memory

    if ($name =~ /^fil/ && $s->{json}{status} eq 'succeeded') {
        my %got = %{$s->{json}{result}};

        is(delete $got{over}, 1, "$name: all was tried");
        is(join(' ', grep { $got{$_} } sort keys %got), '',
            "$name: got nothing");
        next;
    }

    is($s->{json}{status}, 'failed', "$name: failed") or diag($s->{content});
    like($error->{reason}, qr/^(?:$reason{$name}|oom|timeout)$/,
        "$name: its reason");
}

is(containers(), 0, 'no container is left');



=== TEST 4: a command that hears no signal is stopped all the same
--- config eval
config(pserver_operation => offers('test_abuse', parameters => 'attack',
    output => '1m', timeout => '20s'))
--- script
my $id = attack('deaf');

ok(running('app1', $id), 'it runs');

my $since = time;

is(cancel_job('app1', $id)->{status}, 204, 'canceled');
is(finish('app1', $id)->{json}{status}, 'canceled', 'it ends');

my $gone = wait_for { !(() = containers()) } 5;

ok($gone, 'its container is gone');
cmp_ok(time - $since, '<=', 3, 'soon');



=== TEST 5: output that looks like frames of the engine is output
--- config eval
config(pserver_operation => offers('test_abuse', parameters => 'attack',
    output => '1m'))
--- script
my $s = finish('app1', attack('frames'));

is_deeply($s->{json}{result}, { frames => 0, over => 1 }, 'its own result')
    or diag($s->{content});



=== TEST 6: after all this the next job runs, and reads its own data
--- config eval: config(pserver_operation => offers('word_count'))
--- script
my $s = finish('app1', start_job('app1', fresh('ok'))->{json}{id});

is_deeply($s->{json}{result}, json(example('word_count.expected.json')),
    'the right result');
is(containers(), 0, 'no container is left');
