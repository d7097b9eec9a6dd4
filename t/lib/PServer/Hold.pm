package PServer::Hold;

# An engine that takes its time: what is asked of it is passed on to the real
# one, and one request of a kind is held on the way until it is released.
#
#   hold_start(port(8));
#   hold_next('attach');       the next POST .../attach; or create json start
#   held('attach');            true once it has come
#   hold_release();            all of them

use strict;
use warnings;

use Exporter qw( import );
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Time::HiRes qw( sleep );

use PServer::Client;
use PServer::Config;
use PServer::World;

our @EXPORT = qw( hold_start hold_next held hold_release );


my ($pid, $owner);


sub file { test_dir() . '/hold-' . shift }

sub touch { open my $out, '>', file(shift) or die "hold: $!" }

sub hold_next { touch("next-" . shift) }

sub held { my $kind = shift; return wait_for { -e file("held-$kind") } }

sub hold_release { unlink glob file('held-*') }


sub hold_start {
    my $port = shift;

    unlink glob file('*');

    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        LocalPort => $port, Listen => 128, ReuseAddr => 1)
        or die "port $port: $!";

    $owner = $$;
    $pid = fork;
    die $! if !defined $pid;
    return if $pid;

    # nothing of the test's END blocks in here
    $SIG{CHLD} = 'IGNORE';
    $SIG{PIPE} = 'IGNORE';
    open STDOUT, '>', '/dev/null';
    open STDERR, '>', '/dev/null';

    while (1) {
        my $client = $listen->accept or next;
        my $child = fork;

        if (defined $child && $child == 0) {
            close $listen;
            eval { pass($client) };
            POSIX::_exit(0);
        }

        close $client;
    }
}

END {
    if ($pid && $$ == $owner) {
        local $?;
        kill KILL => $pid;
        waitpid $pid, 0;
    }
}


# one connection, both ways; the head of a request comes in one piece.  What
# one side does not take yet is kept, so that the end of the other is seen.

sub pass {
    my $client = shift;
    my $engine = IO::Socket::UNIX->new(
        Peer => PServer::Config::engine_socket()) or return;
    my %other = ($client => $engine, $engine => $client);
    my %kept = ($client => '', $engine => '');
    my $readers = IO::Select->new($client, $engine);

    $_->blocking(0) for $client, $engine;

    while (1) {
        my $writers = IO::Select->new(grep { length $kept{$_} } $client, $engine);
        my ($read, $write) = IO::Select->select($readers, $writers);

        for my $from (@$read) {
            sysread $from, my $piece, 65536 or return;

            hold($1) if $from == $client
                && $piece =~ m{^[A-Z]+ \S+/(\w+)[? ]};

            $kept{ $other{$from} } .= $piece;
        }

        for my $to (@$write) {
            my $n = syswrite $to, $kept{$to} or return;
            substr $kept{$to}, 0, $n, '';
        }
    }
}


sub hold {
    my $kind = shift;

    rename file("next-$kind"), file("held-$kind") or return;

    while (-e file("held-$kind")) {
        sleep 0.02;
    }
}


1;
