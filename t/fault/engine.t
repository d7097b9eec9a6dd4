# workers: 4
#
# The engine goes away for a while, in every way, and comes back; so does nginx
# meanwhile.  Every job that was accepted has one end, and a result is that of
# one run; ten seconds later nothing of it is left.
#
# ENGINE_AWAY is for how many seconds: 3, or the minute of the long form.

use lib 't/lib';
use PServer;
use PServer::Daemon;
use PServer::Jobs;

our $away = $ENV{ENGINE_AWAY} || 3;

our %nap = (timeout => '30s');
our $two = '/_engine/ jobs=2';

sub status_is {
    my ($id, $pattern, $what) = @_;
    my $s = status_of('app1', $id);

    like($s->{json}{status}, $pattern, $what) or diag($s->{content});
}

sub failed_is {
    my ($id, $reason) = @_;
    my $s = finish('app1', $id, 60);

    is($s->{json}{status}, 'failed', 'failed') or diag($s->{content});
    is($s->{json}{result}{error}{reason}, $reason, 'why');
}

run_tests();

__DATA__

=== TEST 1: killed, with two that run and three that wait
--- config eval: config(pserver_engine => $::two, pserver_operation => offers('test_nap', %::nap))
--- script
is(store_data('owner1', 'demo.messages', example('export.json'))->{status},
    201, 'the data');

my @ids = nap_jobs(5);
ok(running('app1', $_), 'it runs') for @ids[0, 1];

engine_kill();
sleep $::away;

::status_is($_, qr/^(?:starting|processing)$/, 'nothing is lost') for @ids;
push @ids, nap_jobs(1);

engine_start();
all_slept(@ids);
ok(nothing_left(), 'nothing is left');
--- alerts_expected



=== TEST 2: one attempt is all that there is
--- config eval
config(pserver_engine => '/_engine/ jobs=1',
    pserver_operation => offers('test_nap', %::nap, attempts => 1))
--- script
my @ids = nap_jobs(2);
ok(running('app1', $ids[0]), 'it runs');

engine_kill();
::failed_is($ids[0], 'engine');
::status_is($ids[1], qr/^starting$/, 'the other one waits');

engine_start();
all_slept($ids[1]);
ok(nothing_left(), 'nothing is left');
--- alerts_expected



=== TEST 3: stopped as an operator does, and started
--- config eval: config(pserver_engine => $::two, pserver_operation => offers('test_nap', %::nap))
--- script
my @ids = nap_jobs(4);
ok(running('app1', $_), 'it runs') for @ids[0, 1];

engine_stop();
engine_start();

# its containers are ended by it, as by anybody from outside

for my $id (@ids[0, 1]) {
    my $s = finish('app1', $id, 60)->{json};

    $s->{status} eq 'succeeded'
        ? is_deeply($s->{result}, { slept => 2 }, 'again')
        : is($s->{result}{error}{reason}, 'exit', 'or ended');
}

all_slept(@ids[2, 3]);
ok(nothing_left(), 'nothing is left');
--- alerts_expected



=== TEST 4: it says nothing for a while
--- config eval: config(pserver_engine => $::two, pserver_operation => offers('test_nap', %::nap))
--- script
my @ids = nap_jobs(4);
ok(running('app1', $ids[0]), 'it runs');

engine_freeze();
sleep($::away > 20 ? 20 : $::away);
engine_thaw();

all_slept(@ids);
ok(nothing_left(), 'nothing is left');
--- alerts_expected



=== TEST 5: the warm pool
--- config eval
config(pserver_engine => $::two,
    pserver_operation => offers('test_nap', %::nap, warm => 2))
--- script
ok((wait_for { containers() == 2 } 20), 'two wait');
my %old = map { $_ => 1 } containers();

my ($id) = nap_jobs(1);
ok(running('app1', $id), 'one is taken');

engine_kill();
sleep $::away;
engine_start();

push my @ids, $id, nap_jobs(2);
all_slept(@ids);

ok((wait_for { 2 == grep { !$old{$_} } containers() } 30), 'two new ones wait');
ok(nothing_left(2), 'nothing else is left');
--- alerts_expected



=== TEST 6: canceled meanwhile
--- config eval: config(pserver_engine => $::two, pserver_operation => offers('test_sleep', %::nap))
--- script
my @ids = nap_jobs(3);
ok(running('app1', $_), 'it runs') for @ids[0, 1];

engine_kill();
is(cancel_job('app1', $_)->{status}, 204, 'canceled') for @ids;
is(finish('app1', $_)->{json}{status}, 'canceled', 'at once') for @ids;

engine_start();
ok(nothing_left(), 'nothing is left');
is(status_of('app1', $_)->{json}{status}, 'canceled', 'still') for @ids;
--- alerts_expected



=== TEST 7: away for longer than anybody waits
--- config eval
config(pserver_engine => '/_engine/ jobs=1 away=2s',
    pserver_operation => offers('test_sleep', %::nap))
--- script
my @ids = nap_jobs(2);
ok(running('app1', $ids[0]), 'it runs');

engine_kill();
::failed_is($_, 'engine') for @ids, nap_jobs(1);

engine_start();
ok(nothing_left(), 'nothing is left');
--- alerts_expected



=== TEST 8: workers are killed meanwhile, then all of nginx, which starts first
--- config eval
config(pserver_engine => $::two,
    pserver_operation => offers('test_nap', %::nap, attempts => 3))
--- script
my @ids = nap_jobs(4);
ok(running('app1', $_), 'it runs') for @ids[0, 1];

engine_kill();
kill KILL => workers_of(master());
sleep 1;
kill KILL => master(), workers_of(master());
sleep $::away;

nginx_start();
engine_start();
all_slept(@ids);
ok(nothing_left(), 'nothing is left');
--- alerts_expected
