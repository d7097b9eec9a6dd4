package PServer::Upload;

# Bodies of any length, sent piece by piece, and what workers take for them.

use strict;
use warnings;

use Digest::SHA;
use Exporter qw( import );

use PServer::Client;
use PServer::Config;
use PServer::Store;
use PServer::World;

our @EXPORT = qw( anonymous grown temp_bytes mega hash_of upload );


# a MiB of which no part is like another

my $mega;

sub mega {
    return $mega ||= join '', map { pack 'n', $_ * 40503 & 0xffff }
        1 .. 1 << 19;
}


# SHA-256 of so many of them, and what comes behind

sub hash_of {
    my ($megas, $last) = @_;
    my $hash = Digest::SHA->new(256);

    $hash->add(mega()) for 1 .. $megas;
    $hash->add($last);

    return $hash->hexdigest;
}


sub workers_of_nginx {
    my $nginx = slurp("$ENV{TEST_NGINX_SERVROOT}/logs/nginx.pid") + 0;

    return sort split ' ', `ps -o pid= --ppid $nginx`;
}


# KiB of each worker that are no file's

sub anonymous {
    return map { slurp("/proc/$_/status") =~ /^RssAnon:\s+(\d+)/m }
        workers_of_nginx();
}


# bytes in client_body_temp: nginx unlinks a file there as soon as it is open

sub temp_bytes {
    my $bytes = 0;

    for (map { glob "/proc/$_/fd/*" } workers_of_nginx()) {
        $bytes += -s $_ || 0 if (readlink || '') =~ /client_body_temp/;
    }

    return $bytes;
}


# the most that one of them has more

sub grown {
    my ($before, @now) = @_;
    my ($most) = sort { $b <=> $a } map { $now[$_] - $before->[$_] } 0 .. $#now;

    return $most;
}


# So many MiB go out; $midway is called when all of them, but what comes last,
# are on their way, and says whether that is sent.  The status of the answer,
# 000 if there is none.  How: "whole" or in chunks, over HTTP/2 to port(9).

sub upload {
    my ($how, $uri, $auth, $megas, $last, $midway, $length) = @_;
    my $status = test_dir() . '/upload.status';
    my $port = port();
    my @args;

    if ($how =~ /2/) {
        $port = port(9);
        push @args, '--http2-prior-knowledge';
    }

    push @args, '-H', 'Transfer-Encoding:', '-H', "Content-Length: $length"
        if $how =~ /whole/;

    my $pid = open my $out, '|-', 'sh', '-c', 'exec curl "$@" > "$0"', $status,
        '-s', '-X', 'POST', '-T', '-', '-H', 'Expect:', '-H',
        "Authorization: $auth", '-H', 'Content-Type: image/png', @args,
        '-o', '/dev/null', '-w', '%{http_code}', "http://127.0.0.1:$port$uri"
        or die "curl: $!";

    local $SIG{PIPE} = 'IGNORE';

    binmode $out;
    print $out mega() or last for 1 .. $megas;
    $out->flush;

    $midway->() ? print $out $last : kill KILL => $pid;

    close $out;

    return slurp($status);
}


1;
