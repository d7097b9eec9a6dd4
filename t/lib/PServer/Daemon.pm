package PServer::Daemon;

# The engine of this run, and nginx, as daemons that go away and come back.
#
#   engine_kill();       -9; its containers go on until it is started again
#   engine_stop();       as an operator does
#   engine_start();      as it was started before
#   engine_freeze();     it takes calls, and does not answer
#   engine_thaw();
#   nginx_start();       which a test has ended
#   master(), workers_of($master), alive($pid)
#   nap_jobs(5);         ids of so many, of two seconds each
#   all_slept(@ids);     each was once, as far as anybody knows

use strict;
use warnings;

use Exporter qw( import );
use POSIX ();

use PServer::Client;
use PServer::Config;
use PServer::Jobs;

our @EXPORT = qw( engine_kill engine_stop engine_start engine_freeze
    engine_thaw nginx_start master workers_of alive nap_jobs all_slept
    nothing_left );


my (@command, $away, $owner);


# below the engine's folder

sub file { PServer::Config::engine_socket() =~ s{[^/]+$}{$_[0]}r }

our $dockerd = 'dockerd.pid';
our $containerd = 'exec/containerd/containerd.pid';

sub pid {
    my $file = file(shift || $dockerd);

    open my $in, '<', $file or die "$file: $!";
    chomp(my $pid = <$in>);
    return $pid;
}

# a zombie has no command line

sub alive {
    open my $in, '<', "/proc/$_[0]/cmdline" or return 0;
    local $/;
    return length <$in> || 0;
}

sub halt {
    my $signal = shift;
    my ($pid, $child) = (pid(), pid($containerd));

    open my $in, '<', "/proc/$pid/cmdline" or die "the engine: $!";
    { local $/; @command = split /\0/, <$in>; }

    $command[0] =~ m{dockerd$} or die "@command is no engine";

    $away = 1;
    $owner = $$;
    kill $signal => $pid;
    kill $signal => $child if $signal eq 'KILL';

    wait_for { !alive($pid) && !alive($child) } 30
        or die 'the engine does not end';

    # another process may have its number by then, and be taken for it
    unlink file($dockerd), file($containerd);
}

sub engine_kill { halt('KILL') }

sub engine_stop { halt('TERM') }

sub engine_freeze { $owner = $$; kill STOP => pid(); }

sub engine_thaw { kill CONT => pid(); }

sub engine_start {
    my $child = fork;
    die $! if !defined $child;

    if ($child == 0) {
        POSIX::setsid();
        POSIX::_exit(0) if fork;

        my $log = file('dockerd.log');

        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', $log;
        open STDERR, '>>', $log;
        exec @command or POSIX::_exit(1);
    }

    waitpid $child, 0;

    wait_for {
        local $@;
        (eval { engine('GET', '/containers/json') })[0] // 0 == 200;
    } 60 or die 'the engine does not start';

    $away = 0;
}


# the next suite wants it, too

END {
    if ($owner && $$ == $owner) {
        local $?;
        engine_thaw();
        engine_start() if $away;
    }
}


sub master {
    open my $in, '<', PServer::server_root() . '/logs/nginx.pid' or return 0;
    chomp(my $pid = <$in> || 0);
    return $pid;
}

sub nginx_start {
    my $root = PServer::server_root();

    Test::More::is(system("$ENV{TEST_NGINX_BINARY} -p $root "
        . "-c $root/conf/nginx.conf"), 0, 'started');
    wait_for { workers_of(master()) };
}

# a master of another binary is its child, too

sub workers_of {
    return map { /^\s*(\d+) nginx: worker/ ? $1 : () }
        `ps -o pid=,args= --ppid $_[0]`;
}


sub nap_jobs {
    return map { start_job('app1', fresh('ok'))->{json}{id} } 1 .. $_[0];
}

# ... and does not change its mind

sub all_slept {
    my @ids = @_;

    for my $id (@ids) {
        my $s = finish('app1', $id, 60);

        Test::More::is($s->{json}{status}, 'succeeded', 'succeeded')
            or Test::More::diag($s->{content});
    }

    for my $id (@ids) {
        Test::More::is_deeply(status_of('app1', $id)->{json}{result},
            { slept => 2 }, 'its result');
    }
}


# what jobs have while they live: containers (but so many, that are warm), and
# leases

sub nothing_left {
    my $warm = shift || 0;
    my $leases = state_dir() . '/store/leases';

    return wait_for {
        containers() == $warm && `find $leases -type l` eq '';
    } 10;
}


1;
