# Operations of accounts that are contracts (ERC-1271): the text names the
# account in "iss", and its contract says whether the signature is one.
#
# workers: 4

use lib 't/lib';
use PServer;
use PServer::Elsewhere;
use PServer::Jobs;
use PServer::Node;
use PServer::Store;

use Time::HiRes;

sub contract { chain('contract', @_)->{address} }

sub addresses { [ map { wallet($_)->{address} } @_ ] }

our ($wallet, $pair, $late) = map { contract('ContractWallet', $_) }
    addresses('app1'), addresses(qw( app1 app2 )), addresses('app1');

our @bad = map { contract('BadWallet', $_) } 0 .. 10;

# owner1 has a key and code (EIP-7702): for the code app2's key signs

our $owner = wallet('owner1')->{address};

chain('delegate', $owner, $wallet);
chain('set-owners', $owner, $owner, [ 'app2' ]);

# a permission of owner1's for an account, which is made a grantee

sub permit_account {
    my $account = shift;

    my $grantee = chain('register-grantee', 'app1', $account, $account);
    my $grant = put_ipfs(json({ grantee => $account,
        operation => 'word_count', parameters => {} }));

    return chain('add-permission', 'owner1', $grantee->{granteeId}, $grant,
        file_id('messages'))->{permissionId};
}

our %permission = map { $_ => permit_account($_) } $wallet, $pair, $late;

sub sign_by {
    my ($keys, $account, $text, $domain) = @_;

    return chain('sign-by', ref $keys ? $keys : [ $keys ], $account, $text,
        $domain || {})->{signature};
}

my $nonce = 0;

sub text {
    my ($account, %more) = @_;

    return json({ permission_id => $permission{$account} || permission('ok'),
        iss => $account, nonce => $$ . '-' . ++$nonce, exp => time + 100,
        %more });
}

sub send_text {
    my ($text, $signature, %headers) = @_;

    return http('POST', '/api/v1/operations',
        { 'Content-Type' => 'application/json', %headers },
        json({ app_signature => $signature,
            operation_request_json => $text }));
}

# an operation of a contract, whose owners' keys sign

sub start_by {
    my ($keys, $account, $domain, %more) = @_;
    my $text = text($account, %more);

    return send_text($text, sign_by($keys, $account, $text, $domain));
}

# the same by a key, which is not asked whose it is

sub start_key {
    my ($key, $account, %more) = @_;
    my $text = text($account, %more);

    return send_text($text, sign_text($key, $text));
}

sub said {
    my ($a) = @_;
    my $detail = $a->{json}{detail};

    return "$a->{status} "
        . (ref $detail eq 'HASH' ? $detail->{error_code} : '');
}

sub accepted {
    my ($answer, $name) = @_;

    is($answer->{status}, 202, $name) or diag($answer->{content});
}

sub refused {
    my ($answer, $name) = @_;

    is(said($answer), '401 AUTHENTICATION_ERROR', $name)
        or diag($answer->{content});
}

sub by {
    my ($keys, $account, $method, $uri, $body) = @_;

    return http($method, $uri, { Authorization => chain('web3signed-by',
        ref $keys ? $keys : [ $keys ], $account, $method, origin(), $uri,
        $body || '')->{authorization} }, $body);
}

sub artifacts {
    my ($id, $signature, %more) = @_;

    return http('POST', "/api/v1/artifacts/$id/list",
        { 'Content-Type' => 'application/json' },
        json({ operation_id => $id, signature => $signature, %more }));
}

sub accounts {
    my ($kinds, @more) = @_;

    return config(pserver_accounts => $kinds, @more);
}

our $slow_http = http_config(chain => '127.0.0.1:' . port(8));

node_start(port(8), port(5));

run_tests();

__DATA__

=== TEST 1: an app that is a contract
--- config eval: ::accounts('ecdsa erc1271')
--- script
is(store_data('owner1', 'demo.messages', example('export.json'))->{status},
    201, 'owner1 stores');

my $text = text($wallet);
my $signature = sign_by('app1', $wallet, $text);
my $a = send_text($text, $signature);

accepted($a, 'accepted');

my $id = $V{id} = $a->{json}{id};
my $uri = "/api/v1/operations/$id";

is(send_text($text, $signature)->{json}{id}, $id, 'a repeat is the same');
ok(wait_for { by('app1', $wallet, 'GET', $uri)->{json}{status}
    eq 'succeeded' }, 'it ran');

is(status_of('app1', $id)->{status}, 404, 'not of its owner\'s key alone');
is(by('app1', $late, 'GET', $uri)->{status}, 404,
    'nor of another contract of that key');

# what the log says of it

my ($entry) = grep { lc($_->{builder} || '') eq lc $wallet }
    @{http('GET', '/v1/access-logs?limit=200', { Authorization =>
        web3signed('owner1', 'GET', '/v1/access-logs') })->{json}{logs}};
ok($entry, 'the account is in the log');

accepted(start_by([ qw( app1 app2 ) ], $pair), 'two owners, 130 bytes');
accepted(send_text($text = text($wallet), sign_by('app1', $wallet, $text),
    'Idempotency-Key' => '"of-a-contract"'), 'with an Idempotency-Key');
accepted(send_text($text, sign_by('app1', $wallet, $text),
    'Idempotency-Key' => '"of-a-contract"'), 'and again');
is(said(send_text($text, sign_by('app2', $wallet, $text),
    'Idempotency-Key' => '"of-a-contract"')), '401 AUTHENTICATION_ERROR',
    'which nobody else gets');



=== TEST 2: whose signature it is not
--- config eval: ::accounts('ecdsa erc1271')
--- script
my $rows = rows();

refused(start_by('app2', $wallet), 'another key');
refused(start_by('app1', $pair), 'one of two');
refused(start_by([ qw( app2 app1 ) ], $pair), 'in another order');
refused(start_by('app1', $wallet, { chainId => 1480 }), 'another chain');
refused(start_by('app1', $wallet, { verifyingContract => $late }),
    'another account of the same key');
refused(start_key('app1', $wallet), 'as a key signs');
refused(start_by('app1', wallet('stranger')->{address}),
    'an account without code');
refused(start_key('app2', wallet('app1')->{address}),
    'a key that names another\'s account');

my $text = text($wallet);
my $signature = sign_by('app1', $wallet, $text);

refused(send_text($text, $signature . '00'), 'a byte more');
refused(send_text($text, substr $signature, 0, -2), 'a byte less');
refused(send_text($text =~ s/"exp":/"x":1,"exp":/r, $signature),
    'another text');

is(send_text($text, $_)->{json}{detail}[0]{type}, 'string_pattern_mismatch',
    'of no form: ' . substr $_, 0, 8)
    for substr($signature, 0, -1), '0x', '0x' . '00' x 4097;

(my $none = $text) =~ s/"iss":"[^"]*",//;
is(send_text($none, $signature . '00')->{json}{detail}[0]{loc}[1],
    'app_signature', '66 bytes without iss');

# the signature is of the account, but the permission is not

is(said(start_by('app1', $wallet, {},
    permission_id => permission('ok'))), '401 AUTHENTICATION_ERROR',
    'a permission of its owner\'s key');
is(said(start_key('app1', wallet('app1')->{address},
    permission_id => $permission{$wallet})), '401 AUTHENTICATION_ERROR',
    'the key under the contract\'s permission');

# everything else is looked at before anybody is asked

refused(start_by('app1', $wallet, {}, aud => 'https://other'), 'aud');
refused(start_by('app1', $wallet, {}, chain_id => 1), 'chain_id');
refused(start_by('app1', $wallet, {}, exp => time - 100), 'exp');

for ('0x12', 'me', '', 7) {
    is(send_text(text($wallet, iss => $_), $signature)->{status}, 422,
        "iss: $_");
}

is(rows(), $rows, 'nothing came of it');

accepted(start_key('app1', wallet('app1')->{address}),
    'a key may name its own account');



=== TEST 3: contracts that answer something else
--- config eval: ::accounts('ecdsa erc1271')
--- script
my @kinds = qw( burns reverts reverts_magic nothing short long garbage true
    huge itself writes );

for my $i (0 .. $#kinds) {
    my $start = Time::HiRes::time();

    refused(start_by('app1', $bad[$i]), $kinds[$i]);

    my $took = Time::HiRes::time() - $start;
    cmp_ok($took, '<', 4, "$kinds[$i]: bounded");
}



=== TEST 4: a key that was taken out
--- config eval: ::accounts('ecdsa erc1271')
--- script
my $text = text($late);
my $signature = sign_by('app1', $late, $text);

accepted(send_text($text, $signature), 'app1 signs for it');

chain('set-owners', $late, wallet('app1')->{address}, [ 'app2' ]);

accepted(start_by('app2', $late), 'app2 now, at a new head');
refused(send_text($text, $signature),
    'what was accepted is not told to a key that is none any more');
refused(start_by('app1', $late), 'app1 no more');



=== TEST 5: an owner with a key and code, and artifacts: the key first
--- config eval: ::accounts('ecdsa erc1271')
--- script
my $id = $V{id};
my $text = qq({"operation_id":"$id"});
my $key = sign_text('owner1', $text);
my $code = sign_by('app2', $owner, $text);

is(artifacts($id, $key)->{status}, 200, 'its key');
is(artifacts($id, $key, iss => $owner)->{status}, 200, 'by name');
is(artifacts($id, $code, iss => $owner)->{status}, 200, 'its code');
is(artifacts($id, sign_by('app1', $wallet, $text), iss => $wallet)->{status},
    200, 'the app');

my $none = sub {
    my ($name, @request) = @_;
    my $a = artifacts($id, @request);

    is($a->{status}, 401, $name);
    is($a->{content}, '{"detail":"The signature is not valid"}', 'why');
};

$none->('another key', sign_by('app1', $owner, $text), iss => $owner);
$none->('as a key signs', sign_text('app1', $text), iss => $wallet);
$none->('a contract that is not named', $code . '00');
$none->('another chain', sign_by('app1', $wallet, $text, { chainId => 1 }),
    iss => $wallet);

is(artifacts($id, $code, iss => '0x12')->{status}, 422, 'no address');
is(artifacts($id, sign_by('app1', $late, $text), iss => $late)->{status},
    401, 'a key that was taken out');
is(artifacts($id, sign_by('app2', $late, $text), iss => $late)->{status},
    404, 'another account');
is(artifacts($id, '0x' . 'ab' x 4096, iss => $wallet)->{status}, 401,
    'the longest');

# downloads take the same

is(http('POST', '/api/v1/artifacts/download', {}, json({ operation_id => $id,
    artifact_path => 'none', signature => $code, iss => $owner }))->{content},
    '{"detail":"There is no such artifact"}', 'download: it is the owner');
is(http('POST', '/api/v1/artifacts/download', {}, json({ operation_id => $id,
    artifact_path => 'none', signature => $key, iss => $wallet }))->{status},
    401, 'download: it is not the app');



=== TEST 6: the code first
--- config eval: ::accounts('erc1271 ecdsa')
--- script
my $id = $V{id};
my $text = qq({"operation_id":"$id"});

is(artifacts($id, sign_text('owner1', $text))->{status}, 401, 'not its key');
is(artifacts($id, sign_text('owner1', $text), iss => $owner)->{status}, 401,
    'nor by name');
is(artifacts($id, sign_by('app2', $owner, $text), iss => $owner)->{status},
    200, 'its code');

accepted(start_by('app1', $wallet), 'a contract');
accepted(start_job('app1', fresh('ok')), 'the key of an account without');



=== TEST 7: contracts alone
--- config eval: ::accounts('erc1271')
--- script
accepted(start_by('app1', $wallet), 'a contract');
refused(start_job('app1', fresh('ok')), 'a key');
refused(start_key('app1', wallet('app1')->{address}), 'a key by name');



=== TEST 8: keys alone, as without the directive
--- script
refused(start_by('app1', $wallet), 'a contract');
refused(start_by([ qw( app1 app2 ) ], $pair), 'two signatures');
accepted(start_key('app1', wallet('app1')->{address}), 'a key by name');
refused(start_key('app2', wallet('app1')->{address}), 'another key');

my $id = $V{id};
my $text = qq({"operation_id":"$id"});

is(artifacts($id, sign_by('app1', $wallet, $text), iss => $wallet)->{status},
    401, 'artifacts: a contract');
is(artifacts($id, sign_text('owner1', $text), iss => $owner)->{status}, 200,
    'artifacts: a key by name');



=== TEST 9: the chain can't be asked, or is asked by many
--- http_config eval: $::slow_http
--- config eval
::accounts('ecdsa erc1271', more => 'pserver_chain_strangers 1;')
--- script
my $id = $V{id};
my $text = qq({"operation_id":"$id"});
my $artifacts = sub {
    artifacts($id, sign_by('app1', $wallet, $text), iss => $wallet);
};

node_mode('close');

for my $a (start_by('app1', $wallet), $artifacts->()) {
    is($a->{status}, 503, 'it can\'t be asked');
    cmp_ok($a->{headers}{'retry-after'}, '>', 0, 'later');
}

my $rows = rows();
node_mode('slow');

# clients that leave in the middle; and more of them than one a worker

my @pids;

for my $i (1 .. 3 * workers()) {
    my $text = text($wallet);
    my $body = json({ app_signature => sign_by('app1', $wallet, $text),
        operation_request_json => $text });

    my $pid = fork;

    if (!$pid) {
        open STDOUT, '>', test_dir() . "/contract-$i" or POSIX::_exit(1);
        exec 'curl', '-s', '-m', $i == 1 ? 0.25 : 10, '-H',
            'Content-Type: application/json', '-d', $body,
            'http://127.0.0.1:' . port() . '/api/v1/operations'
            or POSIX::_exit(1);
    }

    push @pids, $pid;
}

waitpid $_, 0 for @pids;

my $busy = grep { slurp(test_dir() . "/contract-$_")
    =~ /Too many questions to the blockchain are under way/ }
    2 .. 3 * workers();

cmp_ok($busy, '>=', 2 * workers() - 1, 'others are told to come again');

node_mode('pass');
ok((wait_for { start_by('app1', $wallet)->{status} == 202 } 10),
    'there is room again');



=== TEST 10: by pserverctl
--- config eval: ::accounts('ecdsa erc1271')
--- script
my $file = state_dir() . '/wallet.key';

open my $out, '>', $file or die $!;
chmod 0600, $file;
print $out wallet('app1')->{key}, "\n";
close $out;

my $chain = fixtures()->{chain}{chainId};

my $ctl = sub {
    my ($command, @rest) = @_;

    open my $in, '-|', root_dir() . '/build/bin/pserverctl', split(' ',
        $command), '--key', $file, '--iss', $wallet, '--chain-id', $chain,
        @rest or die $!;
    local $/;
    return <$in> =~ s/\n\z//r;
};

my $body = $ctl->('sign operation', '--permission-id', $permission{$wallet});
my $a = http('POST', '/api/v1/operations', {}, $body);

accepted($a, 'sign operation');

my $id = $a->{json}{id};
my $text = qq({"operation_id":"$id"});

is(json($ctl->('operation run', '--permission-id', $permission{$wallet},
    '--wait', origin()))->{words}, 29815, 'operation run --wait');
is(json($ctl->('operation status', origin(), $id))->{id}, $id,
    'operation status');
is(lc json($ctl->('operation list', origin()))->{operations}[0]{app},
    lc $wallet, 'operation list');
is(artifacts($id, $ctl->('sign text', '--text', $text), iss => $wallet)
    ->{status}, 200, 'sign text');
