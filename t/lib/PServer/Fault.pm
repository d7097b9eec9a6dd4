package PServer::Fault;

# An nginx whose clock a test sets, and that dies where a test says:
# t/fault/fault.c, preloaded.  To be used before nginx is started.

use strict;
use warnings;

use Exporter qw( import );
use Time::HiRes qw( sleep );

use PServer::Config;
use PServer::World;

our @EXPORT = qw( faults clock_off die_at died hold_at holds let_go points
    quiet );


my ($control, $clock) = ('', 0);


# false where nginx can't have it: a sanitizer wants to be the first library

my $faults = !$ENV{ASAN_OPTIONS};

sub faults { $faults }

if ($faults) {
    my $library = root_dir() . '/build/fault/fault.so';

    system('make', '-s', '-C', root_dir(), 'build/fault/fault.so') == 0
        or die "t/fault/fault.c does not compile\n";

    $ENV{TEST_NGINX_LD_PRELOAD} = $library;
    $ENV{PSERVER_FAULT} = $control = state_dir() . '/fault';

    put(0);
}


sub put {
    my ($stop, $hold) = @_;

    open my $out, -e $control ? '+<' : '+>', $control
        or die "$control: $!";
    syswrite $out, pack 'qLLL', $clock, $stop, 0, $hold || 0;
}

sub taken {
    open my $in, '<', $control or die "$control: $!";
    sysread $in, my $text, 20;
    return unpack 'qLLL', $text;
}


# seconds that nginx is ahead

sub clock_off {
    $clock = shift;
    put(0);
}


# the n-th call from now on kills its process; 0: none does

sub die_at {
    my $n = shift;

    truncate "$control.log", 0;
    put($n);
}

# the n-th call from now on waits; whether it does; and goes on

sub hold_at { put(shift, 1) }

sub holds { my (undef, $stop, $count) = taken(); $stop && $count >= $stop }

sub let_go { put(0) }

# whether it did

sub died { (taken())[1] == 0 }


# waits until no thread has made a call for a while

sub quiet {
    my $before;

    die_at(0xffffffff);

    do {
        $before = (taken())[2];
        sleep 0.15;
    } while ((taken())[2] != $before);

    die_at(0);
}


# the calls since die_at(): "fsync(folder) /path"

sub points {
    open my $in, '<', "$control.log" or return;
    return map { chomp; s/^\d+ //r } <$in>;
}


1;
