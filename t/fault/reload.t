# workers: 1
#
# A reload while a thread is at each of the calls by which an operation changes
# the disk, from the POST to its end: it is accepted, runs once, by the worker
# that has it, and its result is there.
#
# EACH is the step from one of these calls to the next.

use lib 't/lib';
use PServer;
use PServer::Daemon;
use PServer::Fault;
use PServer::Jobs;

use POSIX ();

our $each = $ENV{EACH} || 4;

# POSTs without waiting for the answer; what gives it

sub posted {
    my $body = operation('app1', fresh('ok'));

    open my $from, '-|' or do {
        print http('POST', '/api/v1/operations', {}, $body)->{content};
        close STDOUT;
        POSIX::_exit(0);
    };

    return sub { local $/; json(<$from>) };
}

# how often the log has it begin

sub started {
    my $id = shift;
    my $uri = '/v1/access-logs';
    my $log = http('GET', "$uri?limit=100",
        { Authorization => web3signed('owner1', 'GET', $uri) })->{json};

    return grep { ($_->{operationId} || '') eq $id
        && $_->{action} eq 'operation_started' } @{ $log->{logs} };
}

# a reload at the n-th call; false if the operation does not make so many

sub reload_at {
    my $n = shift;

    quiet();
    hold_at($n);

    my $answer = posted();
    my $id;

    my $held = wait_for { holds() } 3;

    if ($held) {
        my ($old) = workers_of(master());

        kill HUP => master();
        wait_for { grep { $_ != $old } workers_of(master()) };
        select undef, undef, undef, 0.2;
    }

    let_go();
    $id = $answer->()->{id};

    my $s = finish('app1', $id)->{json};
    my $runs = started($id);

    return $held if $s->{status} eq 'succeeded' && $s->{result}{words} == 29815
        && $runs == 1 && nothing_left();

    die "call $n: $runs runs, " . json($s);
}

# a sanitizer has to be the first library

faults() ? run_tests() : pass('not under a sanitizer');

__DATA__

=== TEST 1: at each call
--- script
is(store_data('owner1', 'demo.messages', example('export.json'))->{status},
    201, 'the data');

my $n = 1;

while (::reload_at($n)) {
    $n += $::each;
}

cmp_ok($n, '>', 20, "an operation makes some $n calls");
