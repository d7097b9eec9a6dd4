# workers: 4
#
# The warm pool: containers that wait for a job, each for one; whoever dies, and
# whenever, none is left over, and none is missed.

use lib 't/lib';
use PServer;
use PServer::Jobs;

sub master {
    open my $in, '<', server_root() . '/logs/nginx.pid' or return 0;
    chomp(my $pid = <$in> || 0);
    return $pid;
}

sub kill_workers {
    my $master = master();
    kill KILL => split ' ', `ps -o pid= --ppid $master`;
}

# ids of the containers that run

sub warm {
    my ($status, $list) = engine('GET', '/containers/json');

    my @ids = sort map { $_->{Id} } @$list;

    return @ids;
}

sub filled { my $n = shift; wait_for { warm() == $n } 20 }

sub trace {
    my $s = finish('app1', start_job('app1', { %{fresh('ok')},
        parameters => { attack => 'traces' } })->{json}{id});

    return $s->{json}{result} || { failed => $s->{content} };
}

run_tests();

__DATA__

=== TEST 1: a job takes one over, and a new one comes in its place
--- config eval: config(pserver_operation => offers('word_count', warm => 2))
--- script
is(store_data('owner1', 'demo.messages', example('export.json'))->{status},
    201, 'stored');

ok(::filled(2), 'two wait');
my %seen = map { $_ => 1 } ::warm();

my $s = finish('app1', start_job('app1', fresh('ok'))->{json}{id});
is_deeply($s->{json}{result}, json(example('word_count.expected.json')),
    'the right result');

ok((wait_for { 1 == grep { $seen{$_} } ::warm() } 5), 'one of them is gone');
ok(::filled(2), 'two wait again');

my @ids = map { start_job('app1', fresh('ok'))->{json}{id} } 1 .. 6;
is(finish('app1', $_)->{json}{status}, 'succeeded', 'more than there are')
    for @ids;

ok(::filled(2), 'two wait again');
is((scalar grep { $seen{$_} } ::warm()), 0, 'none of those that did');
ok((wait_for { containers() == 2 } 5), 'and nothing else is left');



=== TEST 2: nothing of one job is there in the next
--- config eval
config(pserver_operation => offers('test_abuse', parameters => 'attack',
    warm => 1))
--- script
ok(::filled(1), 'another configuration: its own, and no other');

for (1 .. 3) {
    my %got = %{::trace()};

    is(delete $got{over}, 1, 'all was tried');
    is(join(' ', grep { $got{$_} } sort keys %got), '', 'nothing is there');
}

ok(::filled(1), 'one waits');



=== TEST 3: one that has ended, one that is gone: then without
--- config eval: config(pserver_operation => offers('word_count', warm => 2))
--- script
ok(::filled(2), 'two wait');
my ($dead, $gone) = ::warm();

engine('POST', "/containers/$dead/kill");
engine('DELETE', "/containers/$gone?force=1");

my @ids = map { start_job('app1', fresh('ok'))->{json}{id} } 1 .. 3;
is(finish('app1', $_)->{json}{status}, 'succeeded', 'it runs') for @ids;

ok((wait_for { ::warm() == 2 && containers() == 2 } 20),
    'two wait, and nothing is left');
unlike(join(' ', ::warm()), qr/$dead|$gone/, 'new ones');



=== TEST 4: the time of a job counts from when it takes one over
--- config eval
config(pserver_operation => offers('test_sleep', warm => 1, timeout => '2s'))
--- script
ok(::filled(1), 'one waits');
sleep 2;

my $id = start_job('app1', fresh('ok'))->{json}{id};
ok(running('app1', $id), 'it runs');

my $s = finish('app1', $id);
is($s->{json}{result}{error}{reason}, 'timeout', 'why');
ok((wait_for { containers() == 1 && ::warm() == 1 } 20), 'one waits');



=== TEST 5: workers are killed, while they fill it and while they take from it
--- config eval: config(pserver_operation => offers('word_count', warm => 3))
--- script
my @ids;

for my $round (1 .. 3) {
    push @ids, map { start_job('app1', fresh('ok'))->{json}{id} } 1 .. 2;
    select undef, undef, undef, 0.15 * $round;
    ::kill_workers();
    ok((wait_for { http('GET', '/ping')->{status} == 204 } 5), 'new ones');
}

for (@ids) {
    my $s = finish('app1', $_);
    like($s->{json}{status}, qr/^(?:succeeded|failed)$/, 'an end');
    is($s->{json}{result}{error}{reason}, 'engine', 'tried twice')
        if $s->{json}{status} eq 'failed';
}

ok((wait_for { ::warm() == 3 && containers() == 3 } 20),
    'three wait, and nothing is left');

$V{three} = join ' ', ::warm();
--- alerts_expected



=== TEST 6: a reload that changes nothing of it, and nginx that quits
--- config eval: config(pserver_operation => offers('word_count', warm => 3))
--- script
kill HUP => ::master();
sleep 2;

is(join(' ', ::warm()), $V{three}, 'the same');

my $s = finish('app1', start_job('app1', fresh('ok'))->{json}{id});
is($s->{json}{status}, 'succeeded', 'and they work');

kill QUIT => my $master = ::master();
ok((wait_for { !kill 0 => $master } 20), 'it quits');
is((scalar containers()), 0, 'and none is left');

# what the suite has to stop at its end

system($ENV{TEST_NGINX_BINARY} || 'nginx', '-p', server_root() . '/', '-c',
    server_root() . '/conf/nginx.conf');
ok((wait_for { ::master() && http('GET', '/ping')->{status} == 204 } 10),
    'it starts');
--- alerts_expected



=== TEST 7: through the guard
--- http_config eval: http_config(engine => '127.0.0.1:' . port(4))
--- config eval
config(pserver_operation => offers('word_count', warm => 1),
    more => $ENV{PSERVER_GUARD} ? '' : guard())
--- script
ok(::filled(1), 'one waits');
my ($id) = ::warm();

my $s = finish('app1', start_job('app1', fresh('ok'))->{json}{id});
is_deeply($s->{json}{result}, json(example('word_count.expected.json')),
    'the right result');
ok((wait_for { !grep { $_ eq $id } ::warm() } 5), 'it took that one');



=== TEST 8: without it again
--- config eval: config(pserver_operation => offers('word_count'))
--- script
ok((wait_for { containers() == 0 } 20), 'none waits');



=== TEST 9: more than there may be
--- config eval: config(pserver_operation => offers('word_count', warm => 257))
--- script
--- must_die
--- error_log
invalid parameter "warm=257"
