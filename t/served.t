# workers: 4

use lib 't/lib';
use PServer;
use PServer::Jobs;
use PServer::Store;

# Whose data a server holds: by lists, by a variable, by trust.

# the owner is who the host belongs to

our $hosts = http_config(more => <<"END");
    map \$http_host \$owner_of_host {
        one.test   @{[ wallet('owner1')->{address} ]};
        two.test   @{[ lc wallet('owner2')->{address} ]};
        short.test 0x1234;
        long.test  @{[ wallet('owner1')->{address} ]}0;
        zero.test  0x0000000000000000000000000000000000000000;
        default    '';
    }
END

our $by_host = config(pserver_owner => '$owner_of_host', more => '
        location = /vars {
            return 200 "$pserver_owner $pserver_role";
        }
');

our ($one, $two) = map { wallet($_)->{address} } qw( owner1 owner2 );

sub at {
    my ($host, $wallet, $method, $uri, $body, %claims) = @_;

    return to($host, $method, $uri, $wallet ? { Authorization =>
        auth($wallet, $method, $uri, $body, %claims) } : {}, $body);
}

# as a proxy is asked: the request line says which host

sub to {
    my ($host, $method, $uri, $headers, $body) = @_;

    $host ||= 'nobody.test';

    my $answer = HTTP::Tiny->new(timeout => 30, keep_alive => 0,
        proxy => 'http://127.0.0.1:' . port())->request($method,
        "http://$host$uri", { headers => { %{ $headers || {} },
            defined $body ? ('Content-Type' => 'application/json') : () },
            defined $body ? (content => $body) : () });

    $answer->{json} = eval { json($answer->{content}) };
    return $answer;
}

sub answers {
    my ($answer, $status, $code, $name) = @_;
    my $json = $answer->{json} || {};
    my $error = $json->{error} || $json->{detail};

    is($answer->{status}, $status, $name);
    is(ref $error ? $error->{errorCode} || $error->{error_code} : $error,
        $code, "$name: why") if $code;
}

# Two keys whose addresses have the same derivation index, 3554a7b6: they were
# looked for, as anybody can.

our @met = map { "meets $_" } 42923, 56420;
our ($first, $second) = map { chain('wallet', $_)->{address} } @met;

our $meeting = config(pserver_owner => "$first $second "
    . wallet('owner3')->{address});

sub identity { http('GET', "/api/v1/identity?address=$_[0]") }

# who has which index, by the last digits of both

sub indexes {
    return { map { m{([^/]+)$}; $1 => readlink } glob state_dir()
        . '/store/index/*' };
}

sub index_of {
    my $hash = Digest::SHA::sha256(lc shift);
    return sprintf '%08x', unpack('N', $hash) & 0x7fffffff;
}

sub plain { lc substr shift, 2 }

# Trust: owner1 by the list, others by the chain.  A permission of owner3's to
# read, and a file that an operation may use.

our $trust_http = http_config(more => "# trust\n");

our $trust = config(pserver_owner => "$one trusted",
    pserver_chain_bound => '1s', pserver_chain_poll => '500ms',
    pserver_operation => offers('test_sleep', timeout => '30s'));

our $grant3 = chain('add-permission', 'owner3',
    fixtures()->{grantees}{app1}, 'ipfs://' . fixtures()->{permissions}{read}
    {cid}, file_id('unserved'))->{permissionId};

our $export = example('export.json');

# 100,000 of them, not in order, two of them people

our $list = test_dir() . '/served.list';

sub many {
    open my $out, '>', $list or die $!;

    printf $out "0x%s\n", substr Digest::SHA::sha256_hex("owner $_"), 0, 40
        for 1 .. 49999;
    print $out "# the people\r\n\n$one\r\n", lc $two, " \n$one\n";
    printf $out "0x%s\n", substr Digest::SHA::sha256_hex("owner $_"), 0, 40
        for 50000 .. 99998;
    close $out;

    return "file=$list";
}

run_tests();

__DATA__

=== TEST 1: a list of 100,000
--- config eval: ::config(pserver_owner => ::many())
--- script
my $start = Time::HiRes::time();

# a master that only tests does not free its configuration
local $ENV{ASAN_OPTIONS} = ($ENV{ASAN_OPTIONS} || '') . ':detect_leaks=0';

is(system("$ENV{TEST_NGINX_BINARY} -t -e stderr -p "
    . "$ENV{TEST_NGINX_SERVROOT}/ -c conf/nginx.conf > /dev/null 2>&1"), 0,
    'nginx -t');

my $took = Time::HiRes::time() - $start;
cmp_ok($took, '<', 5, "in $took s");

my $uri = '/v1/data/demo.messages';

is(store_data($_, 'demo.messages', '{"k":1}')->{status}, 201, $_)
    for qw( owner1 owner2 );
::answers(store_data('owner3', 'demo.messages', '{"k":1}'), 401, 'NOT_OWNER',
    'owner3');
is(http('GET', '/health')->{json}{owner}, undef, 'no one of them is the one');



=== TEST 2: a host an owner
--- http_config eval: $::hosts
--- config eval: $::by_host
--- script
my $uri = '/v1/data/demo.messages';

(my $text = $export) =~ s/\{/{"whose":1,/;

is(::at('one.test', 'owner1', 'POST', $uri, $text)->{status}, 201, 'one');
is(::at('two.test', 'owner2', 'POST', $uri, '{"whose":2}')->{status}, 201,
    'two');

is(::at("$_.test", { one => 'owner1', two => 'owner2' }->{$_}, 'GET', $uri)
    ->{json}{data}{whose}, { one => 1, two => 2 }->{$_}, "$_ reads")
    for qw( one two );

::answers(::at('one.test', 'owner2', 'POST', $uri, '{"whose":3}'), 401,
    'NOT_OWNER', 'two at the host of one');
::answers(::at('one.test', 'owner2', 'GET', $uri), 401,
    'UNREGISTERED_BUILDER', 'nor an app to it');


is(::to('one.test', 'GET', '/health')->{json}{owner}, $one,
    'health of one');
is(::to('two.test', 'GET', '/health')->{json}{owner}, $two,
    'health of two');
is(::at('one.test', 'owner1', 'GET', '/vars')->{content}, lc($one) . ' owner',
    'variables of one');
is(::at('two.test', 'owner1', 'GET', '/vars')->{content}, lc($two) . ' app',
    'variables of two');

# a grant of an owner counts where that owner is

my $read = permission('read');

is(::at('one.test', 'app1', 'GET', $uri, undef, grantId => "$read")
    ->{json}{data}{whose}, 1, 'a grant of one');
::answers(::at('two.test', 'app1', 'GET', $uri, undef, grantId => "$read"),
    403, 'GRANT_OWNER_MISMATCH', 'is none of two');

my $start = sub {
    return ::to(shift, 'POST', '/api/v1/operations', {},
        operation('app1', fresh('ok')));
};

::answers($start->('two.test'), 403, 'AUTHORIZATION_ERROR',
    'an operation at the host of two');

my $job = $start->('one.test');
is($job->{status}, 202, 'at the host of one');

my $id = "/api/v1/operations/$job->{json}{id}";
ok((wait_for { (::at('one.test', 'app1', 'GET', $id)->{json}{status} || '')
    eq 'succeeded' } 20), 'is run');
::answers(::at('two.test', 'app1', 'GET', $id), 404, 'NOT_FOUND_ERROR',
    'and is nothing at the other');



=== TEST 3: a name of nobody
--- http_config eval: $::hosts
--- config eval: $::by_host
--- script
my $uri = '/v1/data/demo.messages';

for my $host (qw( none short long zero )) {
    ::answers(::at("$host.test", 'owner1', 'GET', $uri), 404, 'NOT_FOUND',
        "$host: a read");
    ::answers(::at("$host.test", 'owner1', 'POST', $uri, '{}'), 404,
        'NOT_FOUND', "$host: a write");
    ::answers(::at("$host.test", '', 'GET', '/health'), 404, 'NOT_FOUND',
        "$host: health");
    ::answers(::at("$host.test", 'owner1', 'GET',
        '/api/v1/operations/' . '0' x 64), 404, 'NOT_FOUND_ERROR',
        "$host: status");
    ::answers(::to("$host.test", 'POST', '/api/v1/operations', {},
        operation('app1', fresh('ok'))), 404, 'NOT_FOUND_ERROR',
        "$host: an operation");
    is(::at("$host.test", 'owner1', 'GET', '/vars')->{content}, ' app',
        "$host: variables");
}

my $log = slurp("$ENV{TEST_NGINX_SERVROOT}/logs/error.log");
like($log, qr/what the variable of "pserver_owner" has is no address/,
    'the operator is told');



=== TEST 4: one owner an index
--- config eval: $::meeting
--- script
my $index = ::index_of($first);
is(::index_of($second), $index, 'two that meet');

my $before = ::indexes();
is($before->{$index}, undef, 'nobody has it');

my $stranger = wallet('stranger')->{address};
is(::identity($stranger)->{status}, 200, 'the key for a stranger');
is_deeply(::indexes(), $before, 'takes nothing');

my $key = ::identity($first);
is($key->{status}, 200, 'the key of the first');
is(::indexes()->{$index}, ::plain($first), 'is the first one\'s from now on');

::answers(::identity($second), 409, 'CONFLICT_ERROR', 'the second gets none');

my $uri = '/v1/data/demo.messages';

::answers(store_data($met[1], 'demo.messages', '{"k":2}'), 409,
    'OWNER_CONFLICT', 'nor room for data');
ok(!-e state_dir() . '/store/owners/' . ::plain($second), 'no folder is made');
is(get($met[1], $uri)->{status}, 404, 'there is nothing to read');
::answers(ask($met[1], 'DELETE', $uri), 409, 'OWNER_CONFLICT', 'or delete');

is(store_data($met[0], 'demo.messages', '{"k":1}')->{status}, 201,
    'the first one stores');
is(store_data('owner3', 'demo.messages', '{"k":3}')->{status}, 201,
    'so does another');

is(::indexes()->{::index_of(wallet('owner3')->{address})},
    ::plain(wallet('owner3')->{address}), 'who has an index, too');
is_deeply(::identity($first)->{json}, $key->{json}, 'the same key, always');

# for the next block: somebody else has owner3's

my $link = state_dir() . '/store/index/'
    . ::index_of(wallet('owner3')->{address});

unlink $link and symlink '11' x 20, $link or die $!;



=== TEST 5: what was there before is still there
--- config eval: $::meeting . "\n"
--- http_config eval: PServer::http_config() . "\n"
--- script
my $uri = '/v1/data/demo.messages';
my $owner3 = wallet('owner3')->{address};

is(get('owner3', $uri)->{json}{data}{k}, 3, 'read');
::answers(store_data('owner3', 'demo.more', '{"k":4}'), 409, 'OWNER_CONFLICT',
    'no more of it');
::answers(::identity($owner3), 409, 'CONFLICT_ERROR', 'no key');
is(ask('owner3', 'DELETE', $uri)->{status}, 204, 'it can go');

my $uri2 = '/v1/access-logs';
is(get('owner3', $uri2)->{status}, 200, 'with its log');

::answers(store_data($met[1], 'demo.messages', '{"k":2}'), 409,
    'OWNER_CONFLICT', 'and who was second is second after a restart');

# a table that is damaged: nobody is let in by it

my $link = state_dir() . '/store/index/' . ::index_of($owner3);
unlink $link and symlink 'nobody', $link or die $!;

is(store_data('owner3', 'demo.more', '{"k":5}')->{status}, 500, 'damaged');
is(::identity($owner3)->{status}, 500, 'no key then');

unlink $link or die $!;
--- error_log
the table of indexes failed
--- alerts_expected



=== TEST 6: health of one who came second
--- config eval: ::config(pserver_owner => $::second)
--- script
::answers(http('GET', '/health'), 409, 'OWNER_CONFLICT', 'no key');



=== TEST 7: who trusts this server on chain
--- http_config eval: $::trust_http
--- config eval: $::trust
--- script
my $uri = '/v1/data/demo.messages';
my $server = ::identity(wallet('owner3')->{address})
    ->{json}{personal_server}{address};
my $write = sub { store_data('owner3', 'demo.messages', shift || $export) };
my $read = sub { ::at('', 'app1', 'GET', $uri, undef,
    grantId => "$::grant3") };

# the chain knows nothing of them, or of another key

::answers($write->(), 401, 'NOT_OWNER', 'nobody knows the server');

chain('trust-server', 'owner2', $server, '0x04');
::answers($write->(), 401, 'NOT_OWNER', 'another wallet trusts it');

chain('trust-server', 'owner3', ::identity(wallet('owner2')->{address})
    ->{json}{personal_server}{address}, '0x04');
::answers($write->(), 401, 'NOT_OWNER', 'it trusts the key of another owner');
::answers(store_data('owner2', 'demo.messages', $export), 401, 'NOT_OWNER',
    'and the other the key that is not its own');
::answers(get('owner3', $uri), 401, 'UNREGISTERED_BUILDER', 'a read');
::answers($read->(), 403, 'GRANT_OWNER_MISMATCH', 'an app');
::answers(start_job('app1', fresh('unserved')), 403, 'AUTHORIZATION_ERROR',
    'an operation');

# the one it has to be

chain('trust-server', 'owner3', $server);

is($write->()->{status}, 201, 'trusted: a write');
is(get('owner3', $uri)->{status}, 200, 'a read');
is(get('owner3', '/v1/access-logs')->{status}, 200, 'its log');
ok((wait_for { $read->()->{status} == 200 } 5), 'an app');
is(http('GET', '/health')->{json}{owner}, undef, 'health names nobody');

is(store_data('owner1', 'demo.messages', $export)->{status}, 201,
    'who is listed needs no trust');

my $job = start_job('app1', fresh('unserved'));
is($job->{status}, 202, 'an operation');
ok(running('app1', $job->{json}{id}), 'runs');

# and not any more: what was kept holds no longer than the bound, 1 s here

chain('untrust-server', 'owner3', $server);

my $start = Time::HiRes::time();
my $end = finish('app1', $job->{json}{id});

is($end->{json}{status}, 'failed', 'ended: what runs ends')
    or diag($end->{content});
is($end->{json}{result}{error}{reason}, 'revoked', 'why');

::answers(start_job('app1', fresh('unserved')), 403, 'AUTHORIZATION_ERROR',
    'no operation, at once');

ok((wait_for { $read->()->{status} == 403 } 3), 'no app');
ok((wait_for { $write->('{"k":2}')->{status} == 401 } 3), 'no write');
cmp_ok(Time::HiRes::time() - $start, '<', 8, 'soon');

::answers($read->(), 403, 'GRANT_OWNER_MISMATCH', 'why');
::answers($write->('{"k":3}'), 401, 'NOT_OWNER', 'why');
::answers(get('owner3', '/v1/access-logs'), 401, 'NOT_OWNER', 'nor its log');
is(get('owner1', $uri)->{status}, 200, 'who is listed still does not');

# the trust may begin anew

chain('trust-server', 'owner3', $server);
is($write->('{"k":4}')->{status}, 201, 'trusted again');



=== TEST 8: a trust that is not deep enough, and a chain that can't be asked
--- http_config eval: $::trust_http
--- config eval
main::config(pserver_owner => 'trusted', pserver_chain_depth => 2,
    pserver_chain_bound => '1s', pserver_chain_poll => '500ms', more => '
        location /down/ {
            rewrite ^/down(/.*) $1 break;
            pserver data;
            pserver_chain /_down/ id=' . main::fixtures()->{chain}{chainId}
                . ' timeout=1s;
        }
        location /_down/ {
            internal;
            pserver_exchange;
            proxy_pass http://127.0.0.1:1;
        }
')
--- script
my $uri = '/v1/data/demo.deep';
my $server = ::identity(wallet('stranger')->{address})
    ->{json}{personal_server}{address};
my $write = sub { store_data('stranger', 'demo.deep', '{"k":1}') };

chain('trust-server', 'stranger', $server, '0x04');
::answers($write->(), 401, 'NOT_OWNER', 'not yet');
ok(!-e PServer::Store::owner_dir('stranger'), 'nothing is made');

chain('mine', 2);
is($write->()->{status}, 201, 'now');

chain('untrust-server', 'stranger', $server);
ok((wait_for { get('stranger', $uri)->{status} == 401 } 8), 'an end at once');

my $down = ::at('', 'stranger', 'GET', "/down$uri");

::answers($down, 503, 'BLOCKCHAIN_ERROR', 'down');
is($down->{headers}{'retry-after'}, 2, 'later');



=== TEST 9: trust in nothing
--- config eval
main::config(pserver_owner => 'trusted', pserver_contracts => join ' ', map {
    "$_=" . main::fixtures()->{chain}{contracts}{$_}
} qw( permissions grantees registry ))
--- must_die
--- error_log
"pserver_owner trusted" requires "servers=" of "pserver_contracts"



=== TEST 10: a variable stands alone
--- config
pserver_owner $host;
pserver_owner 0x1111111111111111111111111111111111111111;
--- must_die
--- error_log
"pserver_owner" directive has a variable, and nothing can stand beside it



=== TEST 11: also behind others
--- config
pserver_owner 0x1111111111111111111111111111111111111111 $host;
--- must_die
--- error_log
"pserver_owner" directive has a variable, and nothing can stand beside it



=== TEST 12: a variable that there is not
--- config
pserver_owner $no_such_thing;
--- must_die
--- error_log
unknown "no_such_thing" variable
