# workers: 4

use lib 't/lib';
use PServer;
use PServer::Node;

use IO::Socket::INET;
use Time::HiRes qw( sleep );

# Accounts that are contracts (ERC-1271), and accounts that are both
# (EIP-7702).

our ($wallet, $pair, $late) = map { contract('ContractWallet', $_) }
    addresses('owner3'), addresses(qw( owner3 app1 )), addresses('owner3');

our @bad = map { contract('BadWallet', $_) } 0 .. 10;

# an account with a key of its own and code

our $both = wallet('app2')->{address};

chain('delegate', $both, $wallet);
chain('set-owners', $both, $both, [ 'stranger' ]);

our @owners = (wallet('owner1')->{address}, $wallet, $pair, $late, $both, @bad);

my $app = '127.0.0.1:' . port(7);

our $http = http_config(more => <<"END");
    limit_req_zone \$pserver_address zone=wallets:1m rate=1r/m;

    server {
        listen $app;

        location / {
            return 200 "\$http_x_wallet \$request_method \$http_content_length";
        }
    }
END

our $gate = <<"END";
        location /gate/ {
            limit_req zone=wallets;
            limit_req_status 429;
            pserver_auth required;
            proxy_set_header X-Wallet \$pserver_address;
            proxy_pass http://$app;
        }
END

# a chain that takes its time, and one question of a stranger a worker

node_start(port(8), port(5));

sub text_of {
    my ($name, $text) = @_;
    my $path = state_dir() . "/$name";

    open my $out, '>', $path or die $!;
    print $out $text;
    close $out;
    chmod 0644, $path;

    return $path;
}

our $slow_http = http_config(chain => '127.0.0.1:' . port(8), more => <<"END");
    limit_req_zone \$pserver_address zone=wallets:1m rate=100r/s;

    server {
        listen $app;
        location / { return 200 \$http_x_wallet; }
        location = /part { return 200 part; }
    }
END

our $slow = accounts('ecdsa erc1271', $gate . <<"END");
        listen 127.0.0.1:@{[ port(9) ]} http2;
        pserver_chain_strangers 1;

        location = /page.html {
            ssi on;
            default_type text/html;
            alias @{[ text_of('page.html', 'in: <!--#include virtual="/a" -->,'
                . ' <!--#include virtual="/b" -->, in.') ]};
        }

        location = /a { pserver_auth required; proxy_pass http://$app/part; }
        location = /b { pserver_auth required; proxy_pass http://$app/part; }

        location = /_wallet {
            internal;
            pserver auth;
            pserver_auth required;
        }

        location /asked/ {
            auth_request /_wallet;
            auth_request_set \$wallet \$pserver_address;
            proxy_set_header X-Wallet \$wallet;
            proxy_pass http://$app;
        }

        location /copied/ {
            mirror /a;
            proxy_pass http://$app/part;
        }
END

# the answers to GETs that are sent before any is read

sub at_once {
    my @sockets = map {
        my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . port())
            or die $!;

        print $s "GET /v1/data HTTP/1.1\r\nHost: x\r\nConnection: close\r\n",
            "Authorization: $_\r\n\r\n";
        $s;
    } @_;

    return map { local $/; my $s = $_; <$s> } @sockets;
}

sub contract { chain('contract', @_)->{address} }

sub addresses { [ map { wallet($_)->{address} } @_ ] }

sub accounts {
    my ($kinds, $more) = @_;

    return config(pserver_owner => join(' ', @owners),
        large_client_header_buffers => '4 16k',
        pserver_accounts => $kinds, more => defined $more ? $more : $gate);
}

# what a contract's owners sign

sub by {
    my ($keys, $account, $method, $uri, $body, $claims, $domain) = @_;

    $body = '' if !defined $body;

    return chain('web3signed-by', ref $keys ? $keys : [ $keys ], $account,
        $method, origin(), $uri, $body, $claims || {},
        $domain || {})->{authorization};
}

sub get {
    my ($authorization, $uri) = @_;

    return http('GET', $uri || '/v1/data',
        { Authorization => $authorization });
}

sub refused {
    my ($answer, $reason, $name) = @_;

    is($answer->{status}, 401, "$name: 401");
    is($answer->{json}{error}{details}{reason}, $reason, "$name: why");
}

sub signs {
    my ($authorization, $name) = @_;

    is(get($authorization)->{status}, 200, $name);
}

sub signs_not {
    my ($authorization, $name) = @_;

    refused(get($authorization), 'Issuer mismatch', $name);
}

run_tests();

__DATA__

=== TEST 1: a contract owns data
--- http_config eval: $::http
--- config eval: ::accounts('ecdsa erc1271')
--- script
my $body = '{"text":"of a contract"}';
my $post = by('owner3', $wallet, 'POST', '/v1/data/demo.contract', $body);
my $send = sub {
    return http('POST', '/v1/data/demo.contract',
        { Authorization => $post, 'Content-Type' => 'application/json' },
        $_[0]);
};

refused($send->('{"text":"of nobody"}'), 'Body hash mismatch',
    'another body');

my $stored = $send->($body);
is($stored->{status}, 201, 'stored');
is_deeply($send->($body)->{json}, $stored->{json}, 'once');

my $answer = get(by('owner3', $wallet, 'GET', '/v1/data/demo.contract'),
    '/v1/data/demo.contract');
is_deeply($answer->{json}{data}, json($body), 'read');

my $other = get(by([ 'owner3', 'app1' ], $pair, 'GET',
    '/v1/data/demo.contract'), '/v1/data/demo.contract');
is($other->{status}, 404, 'another account of the same key has nothing');

my $delete = by('owner3', $wallet, 'DELETE', '/v1/data/demo.contract');
is(http('DELETE', '/v1/data/demo.contract', { Authorization => $delete })
    ->{status}, 204, 'deleted');

my $id = '0' x 64;
my $status = get(by('owner3', $wallet, 'GET', "/api/v1/operations/$id"),
    "/api/v1/operations/$id");
is($status->{status}, 404, 'status: the signature is good');

$status = get(by('app1', $wallet, 'GET', "/api/v1/operations/$id"),
    "/api/v1/operations/$id");
is($status->{status}, 401, 'status: it is not');
is($status->{json}{detail}{error_code}, 'AUTHENTICATION_ERROR', 'why');

my $cancel = by('owner3', $wallet, 'POST', "/api/v1/operations/$id/cancel");
is(http('POST', "/api/v1/operations/$id/cancel",
    { Authorization => $cancel })->{status}, 404, 'cancel');



=== TEST 2: whose signature it is not
--- http_config eval: $::http
--- config eval: ::accounts('ecdsa erc1271')
--- script
my @get = ('GET', '/v1/data');

signs(by('owner3', $wallet, @get), 'its owner');
signs(by([ qw( owner3 app1 ) ], $pair, @get), 'its two owners');
signs_not(by([ qw( app1 owner3 ) ], $pair, @get), 'in another order');
signs_not(by('owner3', $pair, @get), 'one of them alone');
signs_not(by('app1', $wallet, @get), 'somebody else');
signs_not(by('owner3', $wallet, @get, '', {}, { chainId => 1480 }),
    'for another chain');
signs_not(by('owner3', $wallet, @get, '', {}, { verifyingContract => $late }),
    'for another account of the same key');
signs_not(by('owner3', $wallet, @get, '', { iss => $late }),
    'the account was put in afterwards');
signs_not(web3signed('owner3', @get, undef, iss => $wallet),
    'as an account without code would sign');
signs_not(by('owner3', wallet('stranger')->{address}, @get),
    'an account without code');
signs_not(web3signed('app1', @get, undef, iss => wallet('owner1')->{address}),
    'the owner by another key');
signs(web3signed('owner1', @get, undef, iss => wallet('owner1')->{address}),
    'the owner by its own key');

my $good = by('owner3', $wallet, @get);

(my $long = $good) =~ s/\.0x.*/'.0x' . 'ab' x 5000/e;
refused(get($long), 'Signature recovery failed', 'longer than any');

(my $odd = $good) =~ s/.$//;
refused(get($odd), 'Signature recovery failed', 'half a byte');

signs_not($good . '00', 'a byte more');

refused(get(by('owner3', $wallet, @get, '', { iss => $_ })),
    'Invalid payload claims', "iss $_") for '0x12', 'me', '';
refused(get(by('owner3', $wallet, @get, '', { uri => '/v1/other' })),
    'URI mismatch', 'everything else is looked at first');



=== TEST 3: signed by pserverctl
--- http_config eval: $::http
--- config eval: ::accounts('ecdsa erc1271')
--- script
my $ctl = sub {
    my ($name, @options) = @_;
    my $file = state_dir() . '/wallet.key';

    open my $out, '>', $file or die $!;
    chmod 0600, $file;
    print $out wallet($name)->{key}, "\n";
    close $out;

    open my $in, '-|', root_dir() . '/build/bin/pserverctl', 'sign',
        'web3signed', '--key', $file, @options, 'GET', origin() . '/v1/data';
    chomp(my $line = <$in>);
    return $line;
};

my @chain = ('--chain-id', fixtures()->{chain}{chainId});

signs($ctl->('owner3', '--iss', $wallet, @chain), 'for a contract');
signs_not($ctl->('owner3', '--iss', $wallet, '--chain-id', 1480),
    'on another chain');
signs_not($ctl->('owner3', '--iss', $wallet), 'as its own');
signs($ctl->('owner1', '--iss', wallet('owner1')->{address}), 'for itself');



=== TEST 4: contracts that answer something else
--- http_config eval: $::http
--- config eval: ::accounts('ecdsa erc1271')
--- script
my @kinds = qw( burns reverts reverts_magic nothing short long garbage true
    huge itself writes );

for my $i (0 .. $#kinds) {
    my $start = Time::HiRes::time();

    signs_not(by('owner3', $bad[$i], 'GET', '/v1/data'), $kinds[$i]);

    my $took = Time::HiRes::time() - $start;
    ok($took < 4, "$kinds[$i]: $took s");
}



=== TEST 5: a key that was taken out
--- http_config eval: $::http
--- config eval: ::accounts('ecdsa erc1271')
--- script
my $old = by('owner3', $late, 'GET', '/v1/data');

signs($old, 'owner3') for 1 .. 2;

chain('set-owners', $late, wallet('owner3')->{address}, [ 'app1' ]);

signs(by('app1', $late, 'GET', '/v1/data'), 'app1 now, at a new head');
signs_not($old, 'what was remembered is of an older one');
signs_not(by('owner3', $late, 'GET', '/v1/data'), 'owner3 no more');



=== TEST 6: before an application
--- http_config eval: $::http
--- config eval: ::accounts('ecdsa erc1271')
--- script
for my $n (1 .. 3) {
    my $answer = get(by('owner3', $wallet, 'GET', "/gate/$n"), "/gate/$n");

    is($answer->{content}, lc($wallet) . ' GET ', "$n: the account");
}

refused(get(by('app1', $wallet, 'GET', '/gate/4'), '/gate/4'),
    'Issuer mismatch', 'another key');

my $answer = http('POST', '/gate/x', { Authorization =>
    by('owner3', $wallet, 'POST', '/gate/x', 'hello') }, 'hello');
is($answer->{content}, lc($wallet) . ' POST 5', 'a body');

$answer = http('POST', '/gate/x', { Authorization =>
    by('owner3', $wallet, 'POST', '/gate/x', 'hello') }, 'hellO');
refused($answer, 'Body hash mismatch', 'another body');

my $owner = sub {
    return get(web3signed('owner1', 'GET', '/gate/y'), '/gate/y');
};

is(get(by('app1', wallet('owner1')->{address}, 'GET', '/gate/y'),
    '/gate/y')->{status}, 401, 'what only names it');
is($owner->()->{status}, 200, 'is not counted as it');
is($owner->()->{status}, 429, 'but it is');



=== TEST 7: the chain can't be asked
--- http_config eval: ::http_config(chain => '127.0.0.1:1')
--- config eval: ::accounts('ecdsa erc1271', 'location /gate/ { pserver_auth required; }')
--- script
my $answer = get(by('owner3', $wallet, 'GET', '/v1/data'));

is($answer->{status}, 503, 'data');
is($answer->{headers}{'retry-after'}, 2, 'later');
is($answer->{json}{error}{errorCode}, 'BLOCKCHAIN_ERROR', 'why');

$answer = get(by('owner3', $wallet, 'GET', '/gate/x'), '/gate/x');
is($answer->{status}, 503, 'gate');

my $id = '/api/v1/operations/' . '0' x 64;
$answer = get(by('owner3', $wallet, 'GET', $id), $id);
is($answer->{status}, 503, 'status');
is($answer->{json}{detail}{error_code}, 'BLOCKCHAIN_ERROR', 'why');

signs(web3signed('owner1', 'GET', '/v1/data'), 'keys need no chain');



=== TEST 8: an account with a key and code: the key first
--- http_config eval: $::http
--- config eval: ::accounts('ecdsa erc1271')
--- script
my @get = ('GET', '/v1/data');

signs(web3signed('app2', @get), 'its key');
signs(web3signed('app2', @get, undef, iss => $both), 'its key, by name');
signs(by('stranger', $both, @get), 'its code');
signs_not(by('app2', $both, @get), 'its key is no owner for the code');



=== TEST 9: the code first
--- http_config eval: $::http
--- config eval: ::accounts('erc1271 ecdsa')
--- script
my @get = ('GET', '/v1/data');

signs_not(web3signed('app2', @get), 'not its key');
signs_not(web3signed('app2', @get, undef, iss => $both), 'nor by name');
signs(by('stranger', $both, @get), 'its code');
signs(web3signed('owner1', @get), 'the key of an account without');
signs(web3signed('owner1', @get, undef, iss => wallet('owner1')->{address}),
    'by name, too');
signs_not(web3signed('app1', @get, undef,
    iss => wallet('owner1')->{address}), 'not another key');



=== TEST 10: contracts alone
--- http_config eval: $::http
--- config eval: ::accounts('erc1271')
--- script
my @get = ('GET', '/v1/data');

signs(by('owner3', $wallet, @get), 'a contract');
signs_not(web3signed('owner1', @get, undef,
    iss => wallet('owner1')->{address}), 'a key');
refused(get(web3signed('owner1', @get)), 'Signature recovery failed',
    'a key without a name');



=== TEST 11: keys alone, as without the directive
--- http_config eval: $::http
--- config eval: ::accounts('ecdsa')
--- script
my @get = ('GET', '/v1/data');

signs(web3signed('owner1', @get), 'a key');
signs(web3signed('owner1', @get, undef, iss => wallet('owner1')->{address}),
    'a key by name');
signs_not(by('owner3', $wallet, @get), 'a contract');
signs_not(web3signed('app1', @get, undef,
    iss => wallet('owner1')->{address}), 'another key');
refused(get(by([ qw( owner3 app1 ) ], $pair, @get)),
    'Signature recovery failed', 'two signatures');



=== TEST 12: as many questions as may be under way
--- http_config eval: $::slow_http
--- config eval: $::slow
--- script
# a question takes 0.6 s, and each worker has one; here are three times as many

node_mode('slow');

my $n = 3 * workers();
my @answers = ::at_once(map { by('owner3', $wallet, 'GET', '/v1/data', '',
    { nonce => "many $_" }) } 1 .. $n);

my @refused = grep { !/^HTTP\/1.1 200 / } @answers;

cmp_ok(scalar @refused, '>=', $n - workers(), 'not more than one a worker');
cmp_ok(scalar @refused, '<', $n, 'but one');

for (@refused) {
    like($_, qr/^HTTP\/1.1 503 /, 'the others are told so');
    like($_, qr/^Retry-After: 2\r$/m, 'and when to come again');
    like($_, qr/"errorCode":"BLOCKCHAIN_ERROR","message":"too many questions to the blockchain are under way"/,
        'and why');
}

# keys need no question, and a second one for the same waits for the first

my $same = by('owner3', $wallet, 'GET', '/v1/data', '', { nonce => 'same' });

@answers = ::at_once(($same) x $n,
    map { web3signed('owner1', 'GET', '/v1/data', undef, nonce => "k$_") }
    1 .. 3);

is(scalar(grep { /^HTTP\/1.1 200 / } @answers), $n + 3, 'all of one question');



=== TEST 13: subrequests wait with their request
--- http_config eval: $::slow_http
--- config eval: $::slow
--- script
node_mode('slow');

my $page = sub {
    my ($keys, $uri, $n) = @_;
    return get(by($keys, $wallet, 'GET', $uri, '', { nonce => "p$n" }), $uri);
};

is($page->('owner3', '/page.html', 1)->{content}, 'in: part, part, in.',
    'SSI: each part is let in');
my %asked = node_asked();
is($asked{account}, 1, 'by one question');

my $none = $page->('app1', '/page.html', 2)->{content};
is(scalar(() = $none =~ /"reason":"Issuer mismatch"/g), 2, 'SSI: no part is')
    or diag($none);

is($page->('owner3', '/asked/x', 3)->{content}, lc $wallet, 'auth_request');
refused($page->('app1', '/asked/x', 4), 'Issuer mismatch', 'auth_request: no');

is($page->('owner3', '/copied/', 5)->{content}, 'part', 'mirror');



=== TEST 14: clients that leave
--- http_config eval: $::slow_http
--- config eval: $::slow =~ s/(strangers) 1/$1 8/r
--- script
node_mode('slow');

# in the middle of a question, also one of subrequests

my $i = 0;
my %pids;

for my $uri ('/v1/data', '/page.html', '/asked/x', '/gate/x') {
    for my $how ('--http1.1', '--http2-prior-knowledge') {
        my $port = $how =~ /2/ ? port(9) : port();
        my $auth = by('owner3', $wallet, 'GET', $uri, '',
            { nonce => 'leave ' . ++$i });
        my $pid = fork;

        if (!$pid) {
            open STDOUT, '>', '/dev/null';
            exec 'curl', '-s', $how, '-m', '0.25', '-H',
                "Authorization: $auth", "http://127.0.0.1:$port$uri"
                or POSIX::_exit(1);
        }

        $pids{$pid} = "$how $uri";
    }
}

for my $pid (keys %pids) {
    waitpid $pid, 0;
    is($? >> 8, 28, "$pids{$pid}: left");
}

# what they asked leaves room when it has ended

sleep 1;

my @answers = ::at_once(map { by('owner3', $wallet, 'GET', '/v1/data', '',
    { nonce => "after $_" }) } 1 .. 8);

is(scalar(grep { /^HTTP\/1.1 200 / } @answers), 8, 'room again');
node_mode('pass');



=== TEST 15: without a chain
--- config
pserver_origin http://me.example;
location / { pserver_auth required; pserver_accounts ecdsa erc1271; }
--- must_die
--- error_log
"pserver_accounts" with "erc1271" requires "pserver_chain"



=== TEST 16: a kind twice
--- config
pserver_accounts ecdsa ecdsa;
--- must_die
--- error_log
"pserver_accounts" directive has the same kind twice
