package PServer::Elsewhere;

# Where files may be that are not this server's: IPFS, behind the gateway of
# PServer::Config, and an https:// host with a name server of its own.
#
#   elsewhere_start();                   at the top of the suite
#   http_config(more => https_host())    grants.test:PORT+8 over $folder
#   config(https_location('private=on', 'grants.test:' . port(8)))

use strict;
use warnings;

use Digest::SHA qw( sha256 );
use Exporter qw( import );

use PServer::Config;
use PServer::Dns;
use PServer::World;

our @EXPORT = qw( elsewhere_start https_host https_location https_dir
    spew put_ipfs put_car car );


my $files = test_dir() . '/https';
my $key = test_dir() . '/https.key';
my $cert = test_dir() . '/https.crt';


sub https_dir { $files }


sub elsewhere_start {
    mkdir $files;
    unlink glob "$files/*";
    unlink "$files.log";

    system("openssl req -x509 -newkey ec"
        . " -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        . " -subj /CN=grants.test -keyout $key -out $cert"
        . " -addext subjectAltName=DNS:grants.test,DNS:gone.test"
        . " > /dev/null 2>&1") == 0 or die "openssl failed";

    dns_start(port(9));
}


# the host that has the files, a part of http{}

sub https_host {
    my $tls = port(8);

    return <<"END";
    server {
        listen $tls ssl;
        server_name grants.test;
        ssl_certificate $cert;
        ssl_certificate_key $key;
        access_log $files.log;

        location / { root $files; }
        location /slow/ { alias $files/; limit_rate 60k; }
        location /host { return 200 \$http_host; }
        location /moved { return 302 /moved.json; }
    }
END
}


# directives for config()

sub https_location {
    my ($how, @hosts) = @_;
    my $dns = port(9);

    return (
        pserver_chain_valid => '1ms',
        pserver_https => join(' ', '/_https/', @hosts, $how),
        more => <<"END");

        location /_https/ {
            internal;
            pserver_exchange https;
            resolver 127.0.0.1:$dns ipv6=off;
            resolver_timeout 1s;
            proxy_ssl_trusted_certificate $cert;
        }
END
}


# a file, whole at once

sub spew {
    my ($file, $content) = @_;

    open my $out, '>:raw', "$file.new" or die "$file: $!";
    print $out $content;
    close $out;
    rename "$file.new", $file or die $!;
}


# content into the gateway's folder, as one block or as a CAR: its URL

sub put_ipfs {
    my $content = shift;
    my $new = test_dir() . '/ipfs/block';

    spew($new, $content);

    my $cid = chain('cid', $new)->{cid};
    rename $new, test_dir() . "/ipfs/$cid" or die $!;

    return "ipfs://$cid";
}

sub put_car {
    my ($cid, $car) = car(@_);

    spew(test_dir() . "/ipfs/$cid", $car);

    return "ipfs://$cid";
}


# a file as a CAR: leaves of 50 bytes, or of so many, and a node that links
# them

sub varint {
    my $n = shift;

    return $n < 128 ? chr $n : chr($n & 127 | 128) . varint($n >> 7);
}

sub bytes {
    my ($field, $data) = @_;

    return chr($field << 3 | 2) . varint(length $data) . $data;
}

sub base32 {
    my $bits = unpack 'B*', shift;

    $bits .= '0' x (-length($bits) % 5);

    return join '', map { ('a' .. 'z', 2 .. 7)[oct "0b$_"] }
        $bits =~ /.{5}/g;
}

sub section {
    my $block = shift;
    my $section = "\x01\x55\x12\x20" . sha256($block) . $block;

    return varint(length $section) . $section;
}

sub car {
    my ($text, $size) = @_;
    my @parts = unpack '(a' . ($size || 50) . ')*', $text;

    my $data = "\x08\x02\x18" . varint(length $text)
        . join '', map { "\x20" . varint(length) } @parts;
    my $node = join('', map { bytes(2, bytes(1, "\x01\x55\x12\x20"
        . sha256($_)) . bytes(2, '') . "\x18" . varint(length)) } @parts)
        . bytes(1, $data);

    return 'b' . base32("\x01\x70\x12\x20" . sha256($node)),
        join '', "\x01\xa0", map { section($_) } reverse($node, @parts);
}


1;
