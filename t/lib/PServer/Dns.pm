package PServer::Dns;

# A name server for suites whose nginx has a resolver: names under "test" are
# on 127.0.0.1, others are not there.
#
#   dns_start(port(9));

use strict;
use warnings;

use Exporter qw( import );
use IO::Socket::INET;

our @EXPORT = qw( dns_start );


my ($pid, $owner);


sub dns_start {
    my $port = shift;

    my $socket = IO::Socket::INET->new(Proto => 'udp',
        LocalAddr => '127.0.0.1', LocalPort => $port)
        or die "port $port: $!";

    $owner = $$;
    $pid = fork;
    die $! if !defined $pid;
    return if $pid;

    while (1) {
        next if !defined $socket->recv(my $query, 512);
        $socket->send(answer($query));
    }
}


# RFC 1035: the question again, and for an A of a name that is there one
# answer, whose name points to the question's

sub answer {
    my $query = shift;
    my ($id) = unpack 'n', $query;

    my ($name) = substr($query, 12) =~ /^((?:[^\0].*?)?\0)/s;
    my $question = substr $query, 12, length($name) + 4;
    my $type = unpack 'n', substr $question, length $name;

    my $known = $name =~ /\x04test\0$/;
    my $answers = $known && $type == 1 ? 1 : 0;

    return pack('n6', $id, $known ? 0x8180 : 0x8183, 1, $answers, 0, 0)
        . $question
        . ($answers ? pack 'n n n N n C4', 0xc00c, 1, 1, 60, 4, 127, 0, 0, 1
                    : '');
}


END {
    if ($pid && $$ == $owner) {
        local $?;
        kill 'KILL', $pid;
        waitpid $pid, 0;
    }
}


1;
