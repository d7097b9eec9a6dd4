package PServer::Fault;

# An nginx whose clock a test sets, and that dies where a test says:
# t/fault/fault.c, preloaded.  To be used before nginx is started.

use strict;
use warnings;

use Exporter qw( import );
use Test::More ();
use Time::HiRes qw( sleep );

use PServer::Config;
use PServer::World;

our @EXPORT = qw( faults clock_off die_at died hold_at holds let_go points
    quiet at_each_point );


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
    my ($stop, $hold, $name) = @_;

    open my $out, -e $control ? '+<' : '+>', $control
        or die "$control: $!";
    syswrite $out, pack 'qLLLa1004', $clock, $stop, 0, $hold || 0,
        defined $name ? $name : '';
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


# the n-th call from now on kills its process, or the first one of this name,
# as place() gives it; 0: none does

sub die_at {
    my $n = shift;

    truncate "$control.log", 0;
    return put($n) if $n =~ /^\d+$/;

    my ($call, $path) = split ' ', $n, 2;
    put(0xffffffff, 0, "$call " . state_dir()
        . $path =~ s{X|(?<=/)N}{*}gr);
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


# A new request at each point, until one gets through.  Other threads of the
# worker have points as well, so those of the request are known by their
# names, as place() gives them: all that are listed have to be hit, so that a
# call that is no longer made is missed, and none but these is to be made.
# What was not hit in order is hit by its name.
#
# With EACH, the step from one point to the next, other than 1, those by which
# things become durable are hit; where the list says how many, only some.

sub at_each_point {
    my ($what, $try, $check, %how) = @_;
    my $each = $ENV{EACH} || $how{each} || 4;
    my (%hit, @all, $n);

    my $at = sub {
        my $n = shift;
        my $send = $try->($n);

        die_at($n);
        my $answer = $send->();
        my $died = died();
        my @points = points();
        die_at(0);

        $hit{ $n =~ /^\d+$/ ? place($points[$n - 1]) : $n }++ if $died;

        $check->($n, $answer, $send)
            or die "$what, point $n: " . ($died ? $points[-1] : 'none');

        return $died ? () : @points;
    };

    for ($n = 1; !@all; $n += $each) {
        @all = map { place($_) } $at->($n);
        die 'there is no end' if $n > 500;
    }

    my $wanted = $each == 1 ? qr/./ : $how{each} ? qr/^$/ : qr/^fsync/;
    my %listed = map { $_ => 1 } grep { length } split /\n\s*/, $how{points};
    my $missed = sub { grep { /$wanted/ && !$hit{$_} } sort keys %listed };

    for my $try (1 .. 3) {
        $at->($_) for $missed->();
    }

    Test::More::is(join("\n", $missed->()), '', "$what: all points were hit");

    # a sweep begins, the log is published, leases of workers come and go, and
    # an owner gets a server key beside the request

    my %other = map { $_ => 1 } grep { !$listed{$_} } grep {
        !m{^write\ anon_inode|/log/(?:publish|temp|public\b)
            |/store/(?:leases\b|sweep\.lock$|index\b)}x } @all;
    Test::More::is(join("\n", sort keys %other), '', "$what: no others");

    my %calls;
    $calls{ (split ' ')[0] }++ for keys %hit;

    my $text = "$what: killed at " . keys(%hit) . ' points: '
        . join ', ', map { "$_ $calls{$_}" } sort keys %calls;

    $each == 1 ? Test::More::diag($text) : Test::More::pass($text);

    return \%calls;
}

# the name of a point, without what is random

sub place {
    my $state = state_dir();

    return $_[0] =~ s/\Q$state\E//r =~ s/[0-9a-f]{16,}/X/gr
        =~ s/#\d+/N/r =~ s{/\d{8}$}{/N}r
        =~ s{/(jobs|keys)/[0-9a-f]{2}\b}{/$1/X}r;
}


1;
