#!/usr/bin/perl

# cold.pl PORT PATH HEADER RPC CONTRACTS IDS GATEWAY_PORT CID: milliseconds of
# a GET under a permission that is new, and of the same questions to the node
# and the gateway, one after the other.  CONTRACTS: permissions, grantees,
# registry; IDS: of the permission, the grantee, the file.

use strict;
use warnings;

use IO::Socket::INET;
use JSON::PP;
use Time::HiRes qw( time );

my ($port, $path, $header, $rpc, $contracts, $ids, $gateway, $cid) = @ARGV;
my @contracts = split / /, $contracts;
my @ids = split / /, $ids;
my ($node) = $rpc =~ m{^http://([^/]+)} or die "no http node\n";

sub connected { IO::Socket::INET->new(PeerAddr => shift) or die "$!\n" }

sub call {
    my ($s, $method, $uri, $more, $body) = @_;

    print $s "$method $uri HTTP/1.1\r\nHost: bench\r\n$more"
             . 'Content-Length: ' . length($body) . "\r\n\r\n$body";
    $s->flush;

    my $head = do { local $/ = "\r\n\r\n"; <$s> };
    $head =~ m{\AHTTP/1\.1 200} or die "no answer: $head\n";
    my ($len) = $head =~ /^Content-Length: (\d+)/mi or die "no length\n";

    read($s, my $text, $len) == $len or die "a short answer\n";

    return $text;
}

sub ask {
    my ($s, @calls) = @_;
    my $id = 0;
    my @batch = map { { jsonrpc => '2.0', id => ++$id, method => $_->[0],
        params => $_->[1] } } @calls;

    return decode_json(call($s, 'POST', '/',
        "Content-Type: application/json\r\n",
        encode_json(@batch > 1 ? \@batch : $batch[0])));
}

sub eth_call {
    my ($to, $selector, $id, $hash) = @_;

    return [ 'eth_call', [ { to => $to,
        data => sprintf('0x%s%064x', $selector, $id) },
        { blockHash => $hash, requireCanonical => JSON::PP::true } ] ];
}

# connections are there before, as nginx has them

my $server = connected("127.0.0.1:$port");
my $chain = connected($node);
my $files = connected("127.0.0.1:$gateway");

my $since = time;
call($server, 'GET', $path, "Authorization: $header\r\n", '');
my $ours = 1000 * (time - $since);

$since = time;

my $head = ask($chain, [ 'eth_chainId', [] ],
    [ 'eth_getBlockByNumber', [ 'latest', JSON::PP::false ] ]);
my ($hash) = map { ref $_->{result} ? $_->{result}{hash} : () } @$head;

ask($chain, eth_call($contracts[0], '58886dba', $ids[0], $hash));
ask($chain, eth_call($contracts[1], 'd11bf955', $ids[1], $hash),
    eth_call($contracts[2], 'f4c714b4', $ids[2], $hash));
call($files, 'GET', "/ipfs/$cid?format=raw", '', '');

printf "%.2f %.2f\n", $ours, 1000 * (time - $since);
