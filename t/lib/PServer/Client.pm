package PServer::Client;

# For tests that are more than one request: a client of the server, and a
# look at the engine.

use strict;
use warnings;

use Exporter qw( import );
use HTTP::Tiny;
use IO::Socket::UNIX;
use Time::HiRes qw( sleep time );

use PServer::Config;
use PServer::World;

our @EXPORT = qw( http engine containers wait_for );


# http('GET', '/v1/data/a.b', { Authorization => .. }, $body)
#
# { status, headers, content }, and "json", where the content is JSON

sub http {
    my ($method, $uri, $headers, $body, %options) = @_;

    my $client = HTTP::Tiny->new(timeout => 30, max_redirect => 0,
        keep_alive => 0, %options);

    my $answer = $client->request($method,
        'http://127.0.0.1:' . port() . $uri,
        { headers => $headers || {}, defined $body ? (content => $body) : () });

    $answer->{json} = eval { json($answer->{content}) };

    return $answer;
}


# engine('GET', '/containers/json?all=1'): status, decoded answer

sub engine {
    my ($method, $path, $body) = @_;

    my $socket = IO::Socket::UNIX->new(
        Peer => PServer::Config::engine_socket())
        or die "the engine: $!";

    $body = '' if !defined $body;

    print $socket "$method $path HTTP/1.0\r\nHost: engine\r\n",
        "Content-Type: application/json\r\n",
        'Content-Length: ', length $body, "\r\n\r\n", $body;

    local $/;
    my ($head, $content) = split /\r\n\r\n/, <$socket>, 2;
    my ($status) = $head =~ m{^HTTP/1\.\d (\d+)};

    return ($status, eval { json($content) });
}


# ids of all containers of the engine, in any state; the engine is the tests'

sub containers {
    my ($status, $list) = engine('GET', '/containers/json?all=1');

    die "the engine answers $status" if $status != 200;
    return map { $_->{Id} } @$list;
}


# wait_for { .. } 10: what the block gives once it is true; undef after that
# many seconds

sub wait_for(&;$) {
    my ($block, $seconds) = @_;
    my $end = time + ($seconds || 10);

    while (1) {
        my $value = $block->();

        return $value if $value;
        return undef if time > $end;
        sleep 0.05;
    }
}


1;
