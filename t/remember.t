use lib 't/lib';
use PServer;
use PServer::Store;

# what a worker remembers between requests: never more than it may

sub remembered { http('GET', '/status')->{json}{counters}{auth_remembered} }

sub try {
    my ($method, $uri, $header) = @_;

    return http($method, $uri, { Authorization => $header });
}

sub reason {
    my $answer = try(@_);

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

    my $answer = try('GET', '/v1/access-logs', $changed);
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


=== TEST 7: a read sees what was acknowledged before, in whichever worker
--- script
my $read = sub {
    my $answer = get('owner1', '/v1/data/memory.new');
    return $answer->{json}{data}{n} // $answer->{status};
};

for my $round (1 .. 3) {
    my @wrong;

    for my $n (1 .. 12) {
        post('owner1', '/v1/data/memory.new', qq({"n":"$round.$n"}))->{status} == 201
            or push @wrong, 'post';
        push @wrong, grep { $_ ne "$round.$n" } map { $read->() } 1 .. 4;
    }

    is "@wrong", '', "what was posted last, round $round";

    my $header = web3signed('owner1', 'DELETE', '/v1/data/memory.new', undef,
                            nonce => "round $round");

    is try('DELETE', '/v1/data/memory.new', $header)->{status}, 204, 'deleted';
    is join(' ', map { $read->() } 1 .. 8), join(' ', (404) x 8), 'and gone';
}


=== TEST 8: keys that were unwrapped are those of the file that is there
--- script
is post('owner2', '/v1/data/memory.keys', '{"a":1}')->{status}, 201, 'stored';

my $file = owner_dir('owner2') . '/owner.key';
my $status = sub {
    return join ' ', map { get('owner2', '/v1/data/memory.keys')->{status} } 1 .. 8;
};

# a file that has just come is not remembered

sleep 3;
is $status->(), join(' ', (200) x 8), 'known';

rename $file, "$file.away" or die $!;
is $status->(), join(' ', (404) x 8), 'no keys';

my $bytes = slurp("$file.away");
substr($bytes, -1) ^= "\x01";

open my $out, '>:raw', $file or die $!;
print $out $bytes;
close $out;
chmod 0644, $file;

is $status->(), join(' ', (500) x 8), 'keys that do not open';

rename "$file.away", $file or die $!;
is $status->(), join(' ', (200) x 8), 'the right ones again';
