#!/usr/bin/perl

# accept.pl PORT CONNECTIONS < BODIES: posts each line to the compute API, over
# so many connections; prints the milliseconds for each that was accepted.

use strict;
use warnings;

use IO::Socket::INET;
use Time::HiRes qw( time );

my ($port, $connections) = @ARGV;

chomp(my @bodies = <STDIN>);

my $since = time;

for my $n (0 .. $connections - 1) {
    next if fork;

    my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port")
        or die "port $port: $!\n";

    for (my $i = $n; $i < @bodies; $i += $connections) {
        print $s "POST /api/v1/operations HTTP/1.1\r\nHost: bench\r\n"
            . 'Content-Length: ' . length($bodies[$i]) . "\r\n\r\n$bodies[$i]";
        $s->flush;

        my $head = do { local $/ = "\r\n\r\n"; <$s> };
        my ($len) = $head =~ /^Content-Length: (\d+)/mi;

        read $s, my ($text), $len;
        $head =~ m{\AHTTP/1\.1 202} or die "not accepted: $head$text\n";
    }

    exit 0;
}

while (wait != -1) {
    die "not all were accepted\n" if $?;
}

printf "%.3f\n", 1000 * (time - $since) / @bodies;
