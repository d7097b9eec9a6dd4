# A permission is revoked between each two steps of an operation: it ends
# there, says why, in the log too, and leaves no container; what it had made
# is not handed out.

use lib 't/lib';
use PServer;
use PServer::Hold;
use PServer::Jobs;

use Time::HiRes qw( time );

our $workers = $ENV{PSERVER_WORKERS} || 1;

our $slow = config(pserver_operation => offers('test_sleep', timeout => '30s'));
our $one = config(pserver_operation => offers('test_sleep', timeout => '30s'),
    pserver_engine => '/_engine/ jobs=1');
our $held = http_config(engine => '127.0.0.1:' . port(8));

our $revoked = { error => { reason => 'revoked',
    message => 'the permission does not hold any more' } };

hold_start(port(8));


# what the owner's log says of operations, the latest first: of the last ones

sub entries {
    my ($id, $reason) = @_;
    my $uri = '/v1/access-logs';
    my @entries;

    wait_for {
        my $log = http('GET', "$uri?limit=60",
            { Authorization => web3signed('owner1', 'GET', $uri) })->{json};

        @entries = map { "$_->{action} $_->{reason}" }
            grep { ($_->{operationId} || '') eq $id } @{ $log->{logs} };

        @entries && $entries[0] =~ /$reason/;
    } 3;

    return \@entries;
}


# a job's end is the one of a permission that does not hold any more

sub is_revoked {
    my ($id, $what, @before) = @_;
    my $s = finish('app1', $id);

    is($s->{json}{status}, 'failed', "$what: failed") or diag($s->{content});
    is_deeply($s->{json}{result}, $revoked, "$what: why");
    is_deeply(entries($id, 'revoked'), [ 'operation_finished revoked', @before ],
        "$what: in the log");

    return $s;
}

run_tests();

__DATA__

=== TEST 1: while it waits for a place
--- config eval: $::one
--- script
is(store_data('owner1', 'demo.messages', example('export.json'))->{status},
    201, 'the data');

# more than there are places for: at least one of the second kind waits

my @others = map { start_job('app1', fresh('ok'))->{json}{id} } 1 .. $workers;

my $permission = permit();
my @ids = map {
    start_job('app1', fresh($permission))->{json}{id}
} 0 .. $workers;

ok(running('app1', $others[0]), 'another one runs');
chain('revoke', 'owner1', $permission);

my @ends = map { finish('app1', $_) } @ids;
my @waited = grep { !$ends[$_]{json}{started_at} } 0 .. $#ids;

cmp_ok(scalar @waited, '>', 0, 'not all had begun');
is_revoked($ids[$waited[0]], 'waits', 'operation_accepted ');
is_deeply([ grep { $_ ne 'revoked' }
    map { $_->{json}{result}{error}{reason} } @ends ], [], 'nor any other');
is(status_of('app1', $others[0])->{json}{status}, 'processing',
    'the other one goes on');

cancel_job('app1', $_) for @others;
finish('app1', $_) for @others;
is(containers(), 0, 'no container is left');



=== TEST 2: while its container is made, attached to, started; while it runs
--- http_config eval: $::held
--- config eval: $::slow
--- script
my @steps = qw( create json attach start );
my (%id, %permission);

for my $step (@steps) {
    $permission{$step} = permit();
    hold_next($step);
    $id{$step} = start_job('app1', fresh($permission{$step}))->{json}{id};
    ok(held($step), "its $step is on its way");
}

$permission{run} = permit();
$id{run} = start_job('app1', fresh($permission{run}))->{json}{id};
ok(running('app1', $id{run}), 'it runs');

my $since = time;
chain('revoke', 'owner1', $_) for values %permission;

# those that do not run yet end before they do

is_revoked($id{$_}, $_, 'operation_accepted ') for qw( attach start );
is_revoked($id{run}, 'run', 'operation_started ', 'operation_accepted ');
cmp_ok(time - $since, '<', 8, 'at once');

# what the engine was asked to make, and looked at, is waited for, and removed

hold_release();
is_revoked($id{$_}, $_, 'operation_accepted ') for qw( create json );
ok(wait_for { containers() == 0 }, 'no container is left');



=== TEST 3: after it succeeded, before its result is fetched
--- script
my $permission = permit();
my $id = start_job('app1', fresh($permission))->{json}{id};

ok(@{ entries($id, 'succeeded') } == 3, 'it succeeded, and nobody asked');
chain('revoke', 'owner1', $permission);

for my $who (qw( app1 owner1 )) {
    my $s = status_of($who, $id);
    is($s->{status}, 403, "$who: closed");
    is($s->{json}{detail}{error_code}, 'AUTHORIZATION_ERROR', 'its code');
    unlike($s->{content}, qr/29815|result/, 'nothing of it');
}

like(entries($id, 'AUTHORIZATION_ERROR')->[0], qr/^refused /,
    'in the log');
is(containers(), 0, 'no container is left');
