# A worker does not grow, however many requests it has answered.  The number
# is SOAK (900 here; make soak: 100000), of which the dearer ones are a part.

use lib 't/lib';
use PServer;
use PServer::Jobs;

use IO::Socket::INET;

our $soak = $ENV{SOAK} || 900;
my $sign = root_dir() . '/build/bench/sign';

# what the allocator may still take when all has been seen once, in KiB.  With
# an arena for each thread of the pool these alone fill up by 3 MiB, over some
# 100,000 requests: here all share one, so that what is kept is seen.
my $growth = 512;

$ENV{MALLOC_ARENA_MAX} = 1;

# headers, each of its own

sub headers {
    my ($wallet, $method, $uri, $n, @grant) = @_;

    return split /\n/, `$sign headers @{[ wallet($wallet)->{key} ]} @{[
        origin() ]} $method $uri $n @grant`;
}

sub lines {
    my ($method, $uri, $authorization, @more) = @_;

    return join "\r\n", "$method $uri HTTP/1.1", 'Host: x',
        "Authorization: $authorization", @more, '', '';
}

sub body {
    my ($uri, $body) = @_;

    return join "\r\n", "POST $uri HTTP/1.1", 'Host: x',
        'Content-Type: application/json', 'Content-Length: ' . length $body,
        '', $body;
}

# sends them, 50 on a connection; how many were answered with the status

sub answered {
    my ($status, @requests) = @_;
    my $n = 0;

    while (my @some = splice @requests, 0, 50) {
        my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . port())
            or die $!;

        for (@some) {
            syswrite $s, $_;

            local $/ = "\r\n\r\n";
            my $head = <$s>;
            my ($length) = $head =~ /^Content-Length: (\d+)/mi;

            read $s, my $body, $length || 0;
            $n++ if $head =~ m{^HTTP/1\.1 $status };
        }
    }

    return $n;
}

# KiB of the only worker that is not a file's

sub anonymous {
    open my $in, '<', server_root() . '/logs/nginx.pid' or die $!;
    my ($worker) = split ' ', `ps -o pid= --ppid @{[ <$in> + 0 ]}`;

    open $in, '<', "/proc/$worker/status" or die $!;
    return (map { /^RssAnon:\s+(\d+)/ ? $1 : () } <$in>)[0];
}

# a third of them first; then what is seen grows no more

sub flat {
    my ($what, $status, $n, $make) = @_;
    my ($done, $before) = (0);

    while ($done < $n) {
        my $some = int $n / 3 + 1;

        $some = 1000 if $some > 1000;
        $some = $n - $done if $some > $n - $done;

        $before = anonymous() if !defined $before && $done >= $n / 3;

        my @requests = $make->($some, $done);
        is(answered($status, @requests), @requests, "$what: answers")
            or return;
        $done += $some;
    }

    my $more = anonymous() - $before;

    cmp_ok($more, '<', $growth, "$what: $done requests, $more KiB more");
    diag("$what: $done requests, $more KiB more") if $ENV{SOAK};
}

# as a sanitizer keeps what was freed, it can't be seen under one; and what
# many workers have of it each is less

workers() == 1 && !$ENV{ASAN_OPTIONS}
    ? run_tests() : pass('with one worker, without a sanitizer');

__DATA__

=== TEST 1: a worker does not grow
--- config eval
main::config(more => '
        location /private/ {
            pserver_auth required;
            proxy_pass http://127.0.0.1:' . main::port(8) . ';
        }
')
--- http_config eval
main::http_config(more => '
    keepalive_requests 1000;

    server {
        listen ' . main::port(8) . ';
        location / { return 200 ok; }
    }')
--- script
system('make', '-s', '-C', root_dir(), 'build/bench/sign') == 0 or die 'make';

is(store_data('owner1', 'demo.messages', '{"k":"' . 'x' x 1000 . '"}')
    ->{status}, 201, 'data');

my $read = '/v1/data/demo.messages';

flat('an owner reads', 200, $soak, sub {
    map { lines('GET', $read, $_) } headers('owner1', 'GET', $read, shift);
});

flat('an app reads', 200, int($soak / 6), sub {
    map { lines('GET', $read, $_) }
        headers('app1', 'GET', $read, shift, permission('read'));
});

flat('refused', 401, $soak, sub {
    map { s/..$/1d/; lines('GET', $read, $_) }
        headers('owner1', 'GET', $read, shift);
});

flat('an operation is refused', 401, int($soak / 6), sub {
    map { body('/api/v1/operations', $_) } split /\n/, `$sign operations @{[
        wallet('stranger')->{key} ]} @{[ permission('ok') ]} $_[0]`;
});

flat('an owner reads its log', 200, int($soak / 12), sub {
    map { lines('GET', '/v1/access-logs', $_) }
        headers('owner1', 'GET', '/v1/access-logs', shift);
});

flat('a gate', 200, $soak, sub {
    map { lines('GET', '/private/x', $_) }
        headers('stranger', 'GET', '/private/x', shift);
});

flat('an owner writes', 201, int($soak / 12), sub {
    my ($n, $done) = @_;
    my $uri = "/v1/data/demo.w$done";

    map { lines('POST', $uri, $_, 'Content-Type: a/b', 'Content-Length: 0') }
        headers('owner1', 'POST', $uri, $n);
});
--- timeout: 600
