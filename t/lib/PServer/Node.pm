package PServer::Node;

# A chain node, or a gateway, that misbehaves: it passes on what it is asked
# to the real one and spoils the answer.  Where the real one answers right,
# the suites use the real one.
#
#   node_start(port(7), port(5));        on the first port, for the second
#   node_mode('half', 'record');         from now on; which round, or all
#   node_mode('lie', '', port(7));       only the one on this port
#   my %asked = node_asked();            rounds since then: head logs record
#                                        set old id key after, account
#                                        server user, and grant

use strict;
use warnings;

use Exporter qw( import );
use HTTP::Tiny;
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw( sleep );

use PServer::World;

our @EXPORT = qw( node_start node_mode node_asked );


my (@pids, $owner);

my %rounds = (
    '58886dba' => 'record', 'd11bf955' => 'set', '3ca017f7' => 'old',
    '3905158a' => 'id', '60f1c43a' => 'key', '60206040' => 'account',
    'ef32b146' => 'server', 'a1c004b2' => 'user',
);


sub file { test_dir() . '/node-' . shift }

sub slurp { open my $in, '<', file(shift) or return ''; local $/; <$in> }

sub node_asked {
    my %asked = map { $_ => 0 }
        qw( head logs record set old id key after grant account server user );

    $asked{$_}++ for split /\n/, slurp('asked');
    return %asked;
}

sub node_mode {
    my ($mode, $round, $port) = @_;
    my $name = $port ? "mode-$port" : 'mode';

    unlink glob file('mode-*') if !$port;

    open my $asked, '>', file('asked') or die;
    open my $out, '>', file('new-mode') or die;
    print $out $mode, ' ', $round || '';
    close $out;
    rename file('new-mode'), file($name) or die;
}


sub node_start {
    my ($port, $real) = @_;

    node_mode('pass');

    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        LocalPort => $port, Listen => 128, ReuseAddr => 1)
        or die "port $port: $!";

    $owner = $$;
    my $pid = fork;
    die $! if !defined $pid;

    if ($pid) {
        push @pids, $pid;
        return;
    }

    # nothing of the test's END blocks in here
    $SIG{CHLD} = 'IGNORE';
    $SIG{PIPE} = 'IGNORE';

    while (1) {
        my $client = $listen->accept or next;
        my $child = fork;

        if (defined $child && $child == 0) {
            close $listen;
            eval { serve($client, $real, $port) };
            POSIX::_exit(0);
        }

        close $client;
    }
}

END {
    if (@pids && $$ == $owner) {
        local $?;
        kill KILL => @pids;
        waitpid $_, 0 for @pids;
    }
}


sub serve {
    my ($client, $real, $port) = @_;
    my $head = '';

    while ($head !~ /\r\n\r\n\z/) {
        sysread $client, $head, 1, length $head or return;
    }

    my ($method, $uri) = split / /, $head;
    my $length = $head =~ /^Content-Length: (\d+)/mi ? $1 : 0;
    my $body = '';

    while (length $body < $length) {
        sysread $client, $body, $length - length $body, length $body
            or return;
    }

    my ($selector) = $body =~ /"data":"0x([0-9a-f]{8})/;
    my $round = $method eq 'GET' ? 'grant'
        : $selector ? $rounds{$selector} || 'call'
        : $body =~ /eth_getLogs/ ? 'logs'
        : $body =~ /"0x[0-9a-f]+",false/ ? 'after' : 'head';

    open my $asked, '>>', file('asked') or die;
    print $asked "$round\n";
    close $asked;

    my ($mode, $at) = split / /, slurp("mode-$port") || slurp('mode');
    $mode = 'pass' if $at && $at ne $round;

    sleep 5 if $mode eq 'hang';
    return if $mode eq 'close';
    sleep 0.3 if $mode eq 'slow';

    return refuse($client, $body, -32600) if $mode eq 'no_batch'
        && $body =~ /^\[/;
    return refuse($client, $body, -32602) if $mode =~ /^no_hash/
        && $body =~ /blockHash/;

    # the head was said, and the chain goes another way
    call($real, 'anvil_reorg', 1, []) if $mode eq 'reorg';

    # a node on a fork of its own: the same with other hashes
    $body =~ s/("blockHash":"0x)([0-9a-f]+)/$1 . $2 =~ tr|1-9a-f0|0-9a-f|r/ge
        if $mode eq 'fork';

    my $answer = HTTP::Tiny->new->request($method, "http://127.0.0.1:$real$uri",
        $method eq 'POST'
            ? { headers => { 'Content-Type' => 'application/json' },
                content => $body } : {});
    my ($status, $text) = ($answer->{status}, $answer->{content});

    $status = 500 if $mode eq 'status';
    $text = spoil($mode, $text, $round) if $mode ne 'pass';

    my $sent = $mode eq 'half' ? int(length($text) / 2) : length $text;

    if ($mode eq 'drip') {
        print $client "HTTP/1.1 200 OK\r\nConnection: close\r\n",
            'Content-Length: ', length $text, "\r\n\r\n";

        for (split //, $text) {
            syswrite $client, $_ or last;
            sleep 0.1;
        }

    } elsif ($mode eq 'chunk') {
        print $client "HTTP/1.1 $status OK\r\nTransfer-Encoding: chunked\r\n",
            "Connection: close\r\n\r\n",
            sprintf("%x", length $text), "\r\n", $text, "\r\n";

    } else {
        print $client "HTTP/1.1 $status OK\r\nConnection: close\r\n",
            'Content-Length: ', length $text, "\r\n\r\n",
            substr $text, 0, $sent;
    }

    close $client;
}


sub call {
    my ($real, $method, @params) = @_;

    HTTP::Tiny->new->post("http://127.0.0.1:$real/", {
        headers => { 'Content-Type' => 'application/json' },
        content => json({ jsonrpc => '2.0', id => 1, method => $method,
            params => \@params }) });
}


# an error for each call, or one for a batch that is not taken

sub refuse {
    my ($client, $body, $code) = @_;
    my $calls = json($body);
    my $error = { code => $code, message => 'not here' };

    my $text = json(ref $calls eq 'ARRAY' && $code == -32602
        ? [ map { { jsonrpc => '2.0', id => $_->{id}, error => $error } }
            @$calls ]
        : { jsonrpc => '2.0', id => ref $calls eq 'ARRAY' ? undef
            : $calls->{id}, error => $error });

    print $client "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ",
        length $text, "\r\n\r\n", $text;
    close $client;
}


sub spoil {
    my ($mode, $text, $round) = @_;

    return $text =~ s/"result":/"result":"0x01","result":/gr
        if $mode eq 'duplicate';
    return $text =~ s/"result":/"x":"\xff\xfe","result":/gr
        if $mode eq 'utf8';
    return $text =~ s/"result":/'"x":' . '[' x 500 . ']' x 500 . ',"result":'/ger
        if $mode eq 'deep';
    return $text =~ s/("id":\d+)/${1}9007199254740993/gr
        if $mode eq 'number';
    return $text =~ s/"result":"0x[0-9a-f]+"/'"result":"0x' . 'f' x 65 . '"'/ger
        =~ s/"number":"0x[0-9a-f]+"/'"number":"0x' . 'f' x 65 . '"'/ger
        if $mode eq 'wide';

    return '<html>no</html>' if $mode eq 'garbage';
    return '[' . '1,' x 5_000_000 . '1]' if $mode eq 'big';
    return '' if $mode eq 'nothing';

    my $json = eval { json($text) } or return $text;
    my @calls = ref $json eq 'ARRAY' ? @$json : $json;

    for my $call (@calls) {
        if ($mode eq 'error') {
            delete $call->{result};
            $call->{error} = { code => -32000, message => 'header not found' };

        } elsif ($mode eq 'null') {
            $call->{result} = undef;

        } elsif ($mode eq '0x') {
            $call->{result} = '0x';

        } elsif ($mode eq 'short') {
            $call->{result} = substr $call->{result}, 0, -64;

        } elsif ($mode eq 'twice') {
            $call->{id} = $calls[0]{id};

        } elsif ($mode eq 'foreign_id') {
            $call->{id} += 1000;

        } elsif ($mode eq 'other') {

            # the id of a struct, which stands behind the first offset
            substr($call->{result}, 128, 2) = '7f';

        } elsif ($mode eq 'lie') {

            # a permission that was revoked in block 1: endBlock, the seventh
            # word behind the offset; "revoked" is not what it says elsewhere
            substr($call->{result}, 2 + 64 * 7, 64) = '0' x 63 . '1'
                if !ref $call->{result} && length $call->{result} > 2 + 64 * 9;

        } elsif ($mode eq 'no_hash_fork') {
            $call->{result}{hash} =~ tr/0-9a-f/1-9a-f0/
                if ref $call->{result} && $round eq 'after';

        } elsif ($mode eq 'fork') {
            $call->{result}{hash} =~ tr/0-9a-f/1-9a-f0/ if ref $call->{result};

        } elsif ($mode eq 'old_head') {
            $call->{result}{timestamp} = '0x1' if ref $call->{result};

        } elsif ($mode =~ /^back(\d+)$/) {

            # a node that lags by so many blocks
            $call->{result}{number}
                = sprintf '0x%x', hex($call->{result}{number}) - $1
                if ref $call->{result};

        } elsif ($mode eq 'other_chain') {
            $call->{result} = '0x1' if !ref $call->{result};

        } elsif ($mode eq 'no_v2' && $call->{id} == $calls[0]{id}) {
            delete $call->{result};
            $call->{error} = { code => 3, message => 'execution reverted',
                data => '0x' };
        }
    }

    @calls = reverse @calls if $mode eq 'reverse';
    pop @calls if $mode eq 'missing';

    return json(ref $json eq 'ARRAY' ? \@calls : $calls[0]);
}


1;
