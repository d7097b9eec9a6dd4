#!/usr/bin/perl

# wait.pl PORT PID PATH < HEADERS: a client a line asks for PATH and waits for
# the end of the operation (Prefer: wait); prints by how many KiB a client the
# memory of the worker PID has grown.

use strict;
use warnings;

use IO::Socket::INET;
use Time::HiRes qw( sleep );

my ($port, $pid, $path) = @ARGV;

chomp(my @headers = <STDIN>);

sub memory {
    open my $in, '<', "/proc/$pid/smaps_rollup" or die "worker $pid: $!\n";
    my $sum = 0;
    /^(?:Private_Dirty|Private_Clean):\s+(\d+)/ and $sum += $1 for <$in>;
    return $sum;
}

sub clients {
    my @sockets = map {
        my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port")
            or die "port $port: $!\n";
        print $s "GET $path HTTP/1.1\r\nHost: bench\r\nPrefer: wait=60\r\n"
            . "Authorization: $_\r\n\r\n";
        $s->flush;
        $s;
    } @_;

    sleep 3;

    # nobody has got an answer

    my $r = '';
    vec($r, fileno $_, 1) = 1 for @sockets;
    select($r, undef, undef, 0) and die "an answer came at once\n";

    return \@sockets;
}

# what the first ones need is not theirs alone

my $some = clients(splice @headers, 0, 20);
my $before = memory();
my $all = clients(@headers);

printf "%.2f\n", (memory() - $before) / @headers;
