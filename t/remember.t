use lib 't/lib';
use PServer;

# what a worker remembers between requests: never more than it may

sub remembered { http('GET', '/status')->{json}{counters}{auth_remembered} }

sub ask {
    my ($method, $uri, $header) = @_;

    return http($method, $uri, { Authorization => $header });
}

sub reason {
    my $answer = ask(@_);

    return $answer->{json}{error}{details}{reason} || $answer->{status};
}

our $places = join "\n", map { "location $_ alias /etc/; pserver_auth required; }" }
    '/gate/  {', '/short/ { pserver_max_lifetime 30s;',
    '/other/ { pserver_origin https://other.example;';

run_tests();

__DATA__

=== TEST 1: a signature is verified once, the rest each time
--- config eval: ::config(more => $::places)
--- script
my $header = web3signed('app1', 'GET', '/gate/hostname');
my $before = remembered();

is reason('GET', '/gate/hostname', $header), 200, 'the first time';
is remembered() - $before, 0, 'it was not known';
is reason('GET', '/gate/hostname', $header), 200, 'again';
is reason('GET', '/gate/hostname?x=1', $header), 200, 'the query is not signed';
is remembered() - $before, 2, 'it was';

is reason('GET', '/gate/hosts', $header), 'URI mismatch', 'another path';
is reason('HEAD', '/gate/hostname', $header), 401, 'another method';
is remembered() - $before, 4, 'known, and refused';

# what is signed for one place is not for the other

my $at = sub { web3signed('app1', 'GET', '/short/hostname', undef,
                          iat => time, exp => time + shift) };

is reason('GET', '/short/hostname', $at->(31)), 'Lifetime too long', 'too long';
is reason('GET', '/short/hostname', $at->(29)), 200, 'not too long';

$header = web3signed('app1', 'GET', '/other/hostname', undef,
                     aud => 'https://other.example');

is reason('GET', '/other/hostname', $header), 200, 'another origin';
is reason('GET', '/other/hostname', $header), 200, 'and again';
is reason('GET', '/gate/hostname', $header), 'Audience mismatch', 'not here';


=== TEST 2: what only looks like a known header is not known
--- config eval: ::config(more => $::places)
--- script
my $header = web3signed('owner1', 'GET', '/gate/hostname');
my $before = remembered();

is reason('GET', '/gate/hostname', $header), 200, 'known';

for my $i (12, int(length($header) / 2), length($header) - 132,
           length($header) - 60, length($header) - 3)
{
    my $changed = $header;
    my $c = substr($changed, $i, 1);

    substr($changed, $i, 1) = $c eq '1' ? '2' : '1';

    # a changed signature may be the right one of another wallet

    my $answer = ask('GET', '/v1/access-logs', $changed);
    is $answer->{status}, 401, "changed at $i";
}

is reason('GET', '/gate/hostname', "$header "), 200, 'the same to nginx';
is reason('GET', '/gate/hostname', $header . '0'), 'Signature recovery failed', 'longer';
is reason('GET', '/gate/hostname', substr($header, 0, -2)),
    'Signature recovery failed', 'shorter';
is remembered() - $before, 1, 'only the one was known';


=== TEST 3: a known header expires
--- config eval: ::config(more => $::places)
--- script
my $header = web3signed('app1', 'GET', '/gate/hostname', undef,
                        iat => time - 100, exp => time - 58);

is reason('GET', '/gate/hostname', $header), 200, 'not yet';
is reason('GET', '/gate/hostname', $header), 200, 'nor now';
sleep 3;
is reason('GET', '/gate/hostname', $header), 'Token expired', 'expired';


=== TEST 4: what changes something is never taken from memory
--- script
my $body = '{"a":1}';
my $header = web3signed('owner1', 'POST', '/v1/data/memory.once', $body);
my $before = remembered();

is http('POST', '/v1/data/memory.once', { Authorization => $header,
        'Content-Type' => 'application/json' }, $body)->{status}, 201, 'stored'
    for 1, 2;
is remembered() - $before, 0, 'verified both times';


=== TEST 5: throwaway wallets push out each other, in a small zone too
--- http_config eval
(my $http = ::http_config()) =~ s/pserver:4m/pserver:64k/;
$http
--- config eval: ::config(more => $::places)
--- script
my @headers = map { web3signed('app1', 'GET', '/gate/hostname', undef,
                               nonce => "n$_") } 1 .. 40;

is join(' ', map { reason('GET', '/gate/hostname', $_) } @headers),
    join(' ', (200) x 40), "all are let in, round $_" for 1, 2;

my $before = remembered();

is reason('GET', '/gate/hostname', $headers[-1]), 200, 'the last one';
is remembered() - $before, 1, 'is known';

is http('GET', '/v1/data', { Authorization =>
        web3signed('owner1', 'GET', '/v1/data') })->{status}, 200,
    'the rest of the zone is not full';


=== TEST 6: a header with long claims is verified each time
--- config eval: ::config(more => $::places)
--- script
my $path = '/gate/' . ('x/../' x 80) . 'hostname';
my $header = web3signed('app1', 'GET', $path);
my $before = remembered();

is reason('GET', $path, $header), 200, 'let in' for 1, 2;
is remembered() - $before, 0, 'and not known';
