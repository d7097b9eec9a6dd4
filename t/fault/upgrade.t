# workers: 4
#
# nginx is upgraded to another binary, goes back to the old one, quits, and
# stops, with a warm pool, jobs that run, and more that wait.  Every job has one
# end, and ten seconds later nothing of it is left.

use lib 't/lib';
use PServer;
use PServer::Daemon;
use PServer::Jobs;

our $offer = config(pserver_engine => '/_engine/ jobs=2',
    pserver_operation => offers('test_nap', timeout => '30s', warm => 2));

sub pid_file { server_root() . '/logs/nginx.pid' }

# a second master with its workers; (the old one, the new one)

sub upgrade {
    my $old = master();

    kill USR2 => $old;
    ok((wait_for { -e pid_file() . '.oldbin' && master() != $old } 10),
        'two masters');
    ok((wait_for { scalar workers_of(master()) } 10), 'with workers');

    return ($old, master());
}

sub winch {
    my $master = shift;

    kill WINCH => $master;
    ok((wait_for { !workers_of($master) } 60), 'its workers are gone');
}

sub quit {
    my $master = shift;

    kill QUIT => $master;
    ok((wait_for { !alive($master) } 60), 'one master');
}

# some that run, some that wait, the pool is filled

sub busy {
    ok((wait_for { containers() == 2 } 30), 'two wait');

    my @ids = nap_jobs(5);
    ok(running('app1', $ids[0]), 'one runs');

    return @ids;
}

sub calm {
    all_slept(@_);
    ok((wait_for { containers() == 2 } 30), 'two wait again');
    ok(nothing_left(2), 'nothing else is left');
}

run_tests();

__DATA__

=== TEST 1: another binary
--- config eval: $::offer
--- script
is(store_data('owner1', 'demo.messages', example('export.json'))->{status},
    201, 'the data');

my @ids = ::busy();
my ($old, $new) = ::upgrade();

push @ids, nap_jobs(3);
::winch($old);
push @ids, nap_jobs(1);
::quit($old);

is(master(), $new, 'the new one');
::calm(@ids);



=== TEST 2: and back
--- config eval: $::offer
--- script
my ($old, $new) = ::upgrade();

::winch($old);
my @ids = ::busy();

kill HUP => $old;
ok((wait_for { scalar workers_of($old) } 10), 'the old one has workers again');
push @ids, nap_jobs(2);
::quit($new);

ok((wait_for { master() == $old } 5), 'the old one');
::calm(@ids);



=== TEST 3: the old one is killed in the middle of it
--- config eval: $::offer
--- script
my @ids = ::busy();
my ($old, $new) = ::upgrade();

push @ids, nap_jobs(2);
kill KILL => $old, workers_of($old);
::calm(@ids);
--- alerts_expected



=== TEST 4: it quits, and starts again
--- config eval: $::offer
--- script
my @ids = ::busy();

::quit(master());
is(scalar containers(), 0, 'it has finished what it had, and left nothing');
nginx_start();
::calm(@ids);



=== TEST 5: it stops, and starts again
--- config eval: $::offer
--- script
my @ids = ::busy();
my $master = master();

kill TERM => $master;
ok((wait_for { !alive($master) } 10), 'it is gone');
nginx_start();
::calm(@ids);
--- alerts_expected
