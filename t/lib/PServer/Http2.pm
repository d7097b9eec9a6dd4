package PServer::Http2;

# One request over HTTP/2 (RFC 9113), frame by frame.  A client that only
# knows whole answers may miss one that comes while it still sends.

use strict;
use warnings;

use Exporter qw( import );
use IO::Select;
use IO::Socket::INET;

our @EXPORT = qw( http2 );

use constant { DATA => 0, HEADERS => 1, RST_STREAM => 3, SETTINGS => 4,
    PING => 6, GOAWAY => 7, WINDOW_UPDATE => 8, CONTINUATION => 9 };

use constant { END_STREAM => 1, ACK => 1, END_HEADERS => 4 };


sub frame {
    my ($type, $flags, $stream, $payload) = @_;

    return substr(pack('N', length $payload), 1)
        . pack('CCN', $type, $flags, $stream) . $payload;
}


# HPACK (RFC 7541): a string, and fields that no table keeps

sub text {
    my $text = shift;
    my $n = length $text;

    return chr($n) . $text if $n < 127;

    my $len = chr 127;

    for ($n -= 127; $n >= 128; $n >>= 7) {
        $len .= chr($n & 127 | 128);
    }

    return $len . chr($n) . $text;
}


sub fields {
    my $block = '';

    while (my ($name, $value) = splice @_, 0, 2) {
        $block .= "\0" . text(lc $name) . text($value);
    }

    return $block;
}


# what nginx begins its answers with: :status, from the table or in digits

sub status {
    my $block = shift;
    my %table = (8 => 200, 9 => 204, 10 => 206, 11 => 304, 12 => 400,
        13 => 404, 14 => 500);

    $block =~ s/^[\x20-\x3f]//;

    return $1 if $block =~ /^\x48\x03(\d{3})/;

    my $index = ord($block) & 127;
    return ord($block) & 128 && $table{$index} || "HPACK $index";
}


# http2(ADDRESS, METHOD, PATH, [NAME, VALUE, ...], BODY): the body's length is
# said only by a header.  What came: { status, content, ended, sent }, the
# status "" where there was none; ended 1: the stream has an end, or the code
# with which it was reset; sent: bytes of the body.

sub http2 {
    my ($address, $method, $path, $headers, $body) = @_;

    my $s = IO::Socket::INET->new(PeerAddr => $address, Timeout => 10)
        or die "connect: $!";
    my $select = IO::Select->new($s);

    my %got = (status => '', content => '', ended => '', sent => 0);
    my ($window, $whole, $in, $last) = (65535, 65535, '');

    local $SIG{PIPE} = 'IGNORE';

    syswrite $s, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . frame(SETTINGS, 0, 0, '')
        . frame(HEADERS, END_HEADERS, 1, fields(':method' => $method,
            ':scheme' => 'http', ':path' => $path, ':authority' => $address,
            @$headers));

    my $end = time + 10;

    while (!length $got{ended} && time < $end) {

        # frames that are there come first; then what the windows allow

        if (!$last && !$select->can_read(0)) {
            my ($n) = sort { $a <=> $b } 16384, $window, $whole,
                length($body) - $got{sent};

            if ($n > 0 || $got{sent} == length $body) {
                $last = $got{sent} + $n == length $body;

                my $piece = substr $body, $got{sent}, $n;
                syswrite $s, frame(DATA, $last ? END_STREAM : 0, 1, $piece);

                $got{sent} += $n;
                $_ -= $n for $window, $whole;
                next;
            }
        }

        $select->can_read(1) or next;
        sysread $s, $in, 65536, length $in or last;

        while (length $in >= 9) {
            my ($high, $low, $type, $flags, $stream) = unpack 'CnCCN', $in;
            my $len = $high << 16 | $low;

            last if length $in < 9 + $len;

            my $payload = substr $in, 9, $len;
            substr $in, 0, 9 + $len, '';

            if ($type == SETTINGS && !($flags & ACK)) {
                my %set = unpack '(nN)*', $payload;

                $window += $set{4} - 65535 if defined $set{4};
                syswrite $s, frame(SETTINGS, ACK, 0, '');

            } elsif ($type == WINDOW_UPDATE) {
                ($stream ? $window : $whole) += unpack 'N', $payload;

            } elsif ($type == HEADERS) {
                $got{status} = status($payload);

            } elsif ($type == DATA) {
                $got{content} .= $payload;

            } elsif ($type == RST_STREAM && !length $got{ended}) {
                $got{ended} = unpack 'N', $payload;

            } elsif ($type == GOAWAY) {
                $got{ended} = 'goaway';
            }

            $got{ended} = 1
                if ($type == HEADERS || $type == DATA) && $flags & END_STREAM;
        }
    }

    return \%got;
}


1;
