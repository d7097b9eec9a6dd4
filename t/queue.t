# workers: 4
#
# The queue of jobs, of all workers together: owners take turns, each has its
# limits, and a worker that is killed takes no place with it.

use lib 't/lib';
use PServer;
use PServer::Jobs;

sub workers_of {
    open my $in, '<', server_root() . '/logs/nginx.pid';
    chomp(my $pid = <$in>);
    return split ' ', `ps -o pid= --ppid $pid`;
}

# jobs, ids with whose they are, in the order of their starts; those of the
# same second as they are given

sub in_order {
    my ($of, @ids) = @_;
    my %at = map { $_ => status_of($of->{$_}, $_)->{json}{started_at} || '' }
        @ids;

    return sort { $at{$a} cmp $at{$b} } @ids;
}

sub running_now {
    return http('GET', '/status')->{json}{counters}{jobs_running};
}

run_tests();

__DATA__

=== TEST 1: owners take turns
--- config eval: config(pserver_engine => '/_engine/ jobs=1')
--- script
is(store_data('owner1', 'demo.messages', example('export.json'))->{status},
    201, 'owner1');
is(store_data('owner2', 'demo.notes', example('export.json'))->{status},
    201, 'owner2');

my %of;
my @many = map { start_job('app1', fresh('ok'))->{json}{id} } 1 .. 4;
my $other = start_job('app2', fresh('ok2'))->{json}{id};

@of{ @many, $other } = (('app1') x 4, 'app2');

is(finish($of{$_}, $_)->{json}{status}, 'succeeded', 'it runs') for keys %of;

my @order = ::in_order(\%of, $other, @many);
my ($turn) = grep { $order[$_] eq $other } 0 .. 4;

cmp_ok($turn, '<=', 2, 'not after all of those that came before it');
is_deeply([ grep { $_ ne $other } @order ], \@many,
    "an owner's own in their order");



=== TEST 2: so many of an owner, so many of an app
--- config eval
config(pserver_engine => '/_engine/ jobs=1',
    pserver_operation_limit => 'owner=3 app=2',
    pserver_operation => offers('test_sleep', timeout => '60s'))
--- script
my @ids = map { start_job('app1', fresh('ok'))->{json}{id} } 1 .. 2;
my $full = start_job('app1', fresh('ok'));

is($full->{status}, 429, 'no more of this app');
is($full->{headers}{'retry-after'}, 5, 'when to come again');

my $other = start_job('app2', fresh('ok2'));
is($other->{status}, 202, 'another owner and app has its own');

cancel_job('app1', $ids[0]);
finish('app1', $ids[0]);

my $again = start_job('app1', fresh('ok'));
is($again->{status}, 202, 'one for one that is over');

cancel_job('app2', $other->{json}{id});
cancel_job('app1', $_) for $ids[1], $again->{json}{id};
finish('app2', $other->{json}{id});
finish('app1', $_) for $ids[1], $again->{json}{id};
is(containers(), 0, 'no container is left');



=== TEST 3: what is canceled while it waits in any worker is over at once
--- config eval
config(pserver_engine => '/_engine/ jobs=1 queue=8',
    pserver_operation => offers('test_sleep', timeout => '60s'))
--- script
my $first = start_job('app1', fresh('ok'))->{json}{id};
ok(running('app1', $first), 'one runs');

my @ids = map { start_job('app1', fresh('ok'))->{json}{id} } 1 .. 8;
is(start_job('app1', fresh('ok'))->{status}, 429, 'all are full');

is(cancel_job('app1', $_)->{status}, 204, 'canceled') for @ids;

my $over = wait_for {
    !grep { status_of('app1', $_)->{json}{status} ne 'canceled' } @ids;
} 3;

ok($over, 'before any of them ran');
is(status_of('app1', $first)->{json}{status}, 'processing', 'the first does');
is(::running_now(), 1, 'and nothing else');

$V{first} = $first;



=== TEST 4: workers that are killed take no place with them
--- config eval
config(pserver_engine => '/_engine/ jobs=1 queue=8',
    pserver_operation => offers('test_sleep', timeout => '60s'))
--- script
my $waits = start_job('app1', fresh('ok'))->{json}{id};

my %seen;

# each is tried twice, in whatever order; that it waits is no attempt

for (1 .. 4) {
    my $new = wait_for {
        my @new = grep { !$seen{$_}++ } containers();
        @new == 1;
    } 20;

    ok($new, 'one is tried');
    is(::running_now(), 1, 'alone');
    kill KILL => ::workers_of();
    ok((wait_for { ::workers_of() == workers() } 5), 'new workers');
}

is(finish('app1', $_)->{json}{status}, 'failed', 'tried twice')
    for $V{first}, $waits;
is(containers(), 0, 'no container is left');

my @ids = map { start_job('app1', fresh('ok')) } 1 .. 9;
is((scalar grep { $_->{status} == 202 } @ids), 9, 'all places are there');
cancel_job('app1', $_->{json}{id}) for @ids;
finish('app1', $_->{json}{id}) for @ids;
is(::running_now(), 0, 'no place is taken');
--- alerts_expected



=== TEST 5: limits that make no sense
--- config eval: config(pserver_operation_limit => 'owner=0')
--- script
--- must_die
--- error_log
invalid parameter "owner=0"
