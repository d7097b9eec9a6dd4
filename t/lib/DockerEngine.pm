package DockerEngine;

# The Docker Engine's API over its socket, as little as the tests need; the
# wire of pserver-run (core/payload.h), written a second time.

use strict;
use warnings;

use IO::Socket::UNIX;
use JSON::PP;
use POSIX ();


# the engine that is given, or one of our own, which is stopped at the end

sub new {
    my ($class) = @_;
    my $self = bless { pid => $$ }, $class;

    if ($ENV{PSERVER_ENGINE}) {
        $self->{sock} = $ENV{PSERVER_ENGINE};

    } else {
        $self->{own} = system("scripts/dev-engine status >/dev/null") != 0;

        chomp($self->{sock} = `scripts/dev-engine start`);
        die "no engine\n" if $? != 0;
    }

    my $images = `scripts/images '$self->{sock}'`;
    die "no images\n" if $? != 0;

    $self->{images} = decode_json($images);

    return $self;
}

sub DESTROY {
    my ($self) = @_;

    if ($self->{own} && $self->{pid} == $$) {
        local $?;
        system("scripts/dev-engine stop");
    }
}

sub image { return $_[0]{images}{$_[1]} || die "no image $_[1]\n"; }

sub connect {
    my ($self) = @_;

    return IO::Socket::UNIX->new(Peer => $self->{sock})
           || die "$self->{sock}: $!\n";
}

# (status, body, decoded or undef)

sub call {
    my ($self, $method, $uri, $body) = @_;
    my $s = $self->connect;

    $body = "" if !defined $body;

    print $s "$method $uri HTTP/1.0\r\nHost: engine\r\n",
             length $body ? "Content-Type: application/json\r\n" : "",
             "Content-Length: ", length $body, "\r\n\r\n$body";
    $s->flush;

    my $answer = do { local $/; <$s> };

    $answer =~ s{\AHTTP/1\.\d (\d+)[^\n]*\n(?:[^\r\n]+\r?\n)*\r?\n}{}
        or die "no answer to $method $uri\n";

    return ($1, $answer, eval { decode_json($answer) });
}

# the tunnel to a container's three streams, after the 101

sub attach {
    my ($self, $id) = @_;
    my $s = $self->connect;

    print $s "POST /containers/$id/attach?stream=1&stdin=1&stdout=1&stderr=1 "
             . "HTTP/1.1\r\nHost: engine\r\nConnection: Upgrade\r\n"
             . "Upgrade: tcp\r\nContent-Length: 0\r\n\r\n";
    $s->flush;

    my $head = "";

    while ($head !~ /\r\n\r\n\z/) {
        sysread($s, $head, 1, length $head) or die "attach: no answer\n";
    }

    $head =~ m{\AHTTP/1\.1 101 } or die "attach: $head";

    return $s;
}

# sends $in while it reads until the end, or 30 s: (stdout, stderr)

sub talk {
    my ($s, $in) = @_;
    my $out = "";
    my $until = time() + 30;

    local $SIG{PIPE} = "IGNORE";
    $s->blocking(0);

    for ( ;; ) {
        my $r = "";
        my $w = "";
        vec($r, fileno $s, 1) = 1;
        vec($w, fileno $s, 1) = 1 if length $in;

        select($r, $w, undef, 1);
        die "the container says nothing\n" if time() > $until;

        if (vec($w, fileno $s, 1)) {
            my $n = syswrite($s, $in, 65536);
            substr($in, 0, $n, "") if $n;
            $in = "" if !defined $n && $! != POSIX::EAGAIN;
        }

        if (vec($r, fileno $s, 1)) {
            my $n = sysread($s, $out, 65536, length $out);
            last if defined $n ? $n == 0 : $! != POSIX::EAGAIN;
        }
    }

    my @streams = ("", "", "");

    while (length $out) {
        my ($stream, $len) = unpack "C x3 N", $out;
        die "a bad frame\n" if $stream < 1 || $stream > 2
                               || 8 + $len > length $out;
        $streams[$stream] .= substr $out, 8, $len;
        substr($out, 0, 8 + $len, "");
    }

    return @streams[1, 2];
}

# ustar of (name => content, ..), in the order given

sub archive {
    my @files = @_;
    my $tar = "";

    while (my ($name, $content) = splice @files, 0, 2) {
        my $h = pack "a100 a8 a8 a8 a12 a12 A8 a1 a100 a6 a2 x32 x32 x8 x8 "
                     . "a155 x12", $name, "0000444", "0000000", "0000000",
                     sprintf("%011o", length $content), "00000000000", "",
                     "0", "", "ustar", "00", "";
        substr($h, 148, 8) = sprintf("%06o\0 ", unpack "%32C*", $h);
        $tar .= $h . $content . "\0" x (-length($content) % 512);
    }

    return $tar . "\0" x 1024;
}

# what goes to stdin

sub input {
    my ($limit, $tar) = @_;

    return "PSRV-IN1" . pack("Q> Q>", length $tar, $limit) . $tar;
}

# what came from stdout: { outcome, status, files => {..}, names => [..] }

sub output {
    my ($out) = @_;

    return { error => "short head" } if length $out < 24;

    my ($magic, $outcome, $status, $len) = unpack "a8 N N Q>", $out;

    return { error => "bad head" } if $magic ne "PSRV-OUT";
    return { error => "length" } if length($out) != 24 + $len;

    my $tar = substr $out, 24;
    my $r = { outcome => $outcome, status => $status, files => {},
              names => [] };

    while (length($tar) > 1024) {
        my ($name, $size, $type, $prefix)
            = unpack "Z100 x24 A12 x20 a1 x188 Z155", $tar;
        $size = oct $size;
        $name = "$prefix/$name" if length $prefix;

        return { error => "type $type" } if $type ne "0";

        push @{$r->{names}}, $name;
        $r->{files}{$name} = substr $tar, 512, $size;
        substr($tar, 0, 512 + $size + -$size % 512, "");
    }

    return { error => "end" } if $len && $tar ne "\0" x 1024;

    return $r;
}

1;
