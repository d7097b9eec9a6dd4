#!/usr/bin/perl

# operation.pl ORIGIN KEY BODY: posts BODY to the compute API and asks every
# 5 ms until the operation has ended; prints the milliseconds that it took.

use strict;
use warnings;

use IO::Socket::INET;
use JSON::PP;
use Time::HiRes qw( sleep time );

my ($origin, $key, $file) = @ARGV;
my ($host) = $origin =~ m{^http://(.*)} or die "no http origin\n";

my $s = IO::Socket::INET->new(PeerAddr => $host) or die "$host: $!\n";

# (status, decoded), over one connection

sub call {
    my ($method, $uri, $more, $body) = @_;

    print $s "$method $uri HTTP/1.1\r\nHost: $host\r\n$more"
             . 'Content-Length: ' . length($body) . "\r\n\r\n$body";
    $s->flush;

    my $head = do { local $/ = "\r\n\r\n"; <$s> };
    my ($status) = $head =~ m{\AHTTP/1\.1 (\d+)} or die "no answer\n";
    my ($len) = $head =~ /^Content-Length: (\d+)/mi or die "no length\n";

    read($s, my $text, $len) == $len or die "a short answer\n";

    return ($status, eval { decode_json($text) } || $text);
}

open my $f, '<', $file or die "$file: $!\n";
my $body = do { local $/; <$f> };

my $since = time;

my ($status, $answer) = call('POST', '/api/v1/operations',
    "Content-Type: application/json\r\n", $body);

$status == 202 or die "POST: $status\n";

my $path = "/api/v1/operations/$answer->{id}";

chomp(my $header = `build/bench/sign headers '$key' '$origin' GET '$path' 1`);

for ( ;; ) {
    ($status, $answer) = call('GET', $path, "Authorization: $header\r\n", '');

    $status == 200 or die "GET: $status\n";
    last if $answer->{status} eq 'succeeded';
    die "$answer->{status}\n" if $answer->{status} =~ /failed|canceled/;

    sleep 0.005;
}

printf "%.1f\n", 1000 * (time - $since);
