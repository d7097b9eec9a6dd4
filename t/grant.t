# workers: 4

use lib 't/lib';
use PServer;

# Reads by an app, in the order of the protocol and with its answers.

our %errors = (
    unregistered => [ 401, 'UNREGISTERED_BUILDER',
        'the signer is not registered' ],
    required => [ 403, 'GRANT_REQUIRED', 'a grant is required' ],
    unknown => [ 403, 'GRANT_REQUIRED', 'no such grant' ],
    inactive => [ 403, 'GRANT_REVOKED', 'the grant is not active' ],
    unreadable => [ 502, 'FILE_ACCESS_ERROR', "the grant file can't be had" ],
    invalid => [ 403, 'SCOPE_MISMATCH', 'the grant file is not valid' ],
    no_scopes => [ 403, 'SCOPE_MISMATCH', 'the grant is not for reading' ],
    expired => [ 403, 'GRANT_EXPIRED', 'the grant has expired' ],
    scope => [ 403, 'SCOPE_MISMATCH', 'the grant does not cover the scope' ],
    signer => [ 401, 'INVALID_SIGNATURE',
        "the signer is not the grant's grantee" ],
    owner => [ 403, 'GRANT_OWNER_MISMATCH',
        'the grantor is not an owner of this server' ],
    unavailable => [ 503, 'BLOCKCHAIN_ERROR',
        "the blockchain can't be asked at the moment" ],
);

our $nobody = http_config(chain => '127.0.0.1:1');
our $hour = config(pserver_chain_valid => '1h');
our $moment = config(pserver_chain_valid => '1ms');

# get('app1', 'demo.messages', 7): by a claim; or in the query, or a header

sub get {
    my ($wallet, $scope, $id, $query, @headers) = @_;
    my $uri = "/v1/data/$scope";

    return http('GET', $uri . ($query || ''), {
        Authorization => web3signed($wallet, 'GET', $uri, undef,
            defined $id ? (grantId => "$id") : ()),
        @headers,
    });
}

sub put {
    my ($wallet, $scope, $data) = @_;
    my $uri = "/v1/data/$scope";
    my $body = json($data);

    return http('POST', $uri, {
        Authorization => web3signed($wallet, 'POST', $uri, $body),
        'Content-Type' => 'application/json',
    }, $body);
}

sub refused {
    my ($answer, $reason, $name) = @_;
    my ($status, $code, $text) = @{ $errors{$reason} };

    is($answer->{status}, $status, "$name: $status");
    is_deeply($answer->{json}, { error => { code => $status,
        errorCode => $code, message => $text } }, "$name: $code")
        or diag($answer->{content});
}

# a permission of our own for one grant file, which the gateway gets

sub grant {
    my ($grantee, $operation, $parameters, $owner) = @_;
    my $text = json({ grantee => wallet($grantee)->{address},
        operation => $operation, parameters => $parameters });
    my $file = test_dir() . '/ipfs/new';

    open my $out, '>', $file or die "$file: $!";
    print $out $text;
    close $out;

    my $cid = chain('cid', $file)->{cid};
    rename $file, test_dir() . "/ipfs/$cid" or die $!;

    return chain('add-permission', $owner || 'owner1',
        fixtures()->{grantees}{$grantee}, "ipfs://$cid")->{permissionId};
}

run_tests();

__DATA__

=== TEST 1: what a grant covers
--- script
is(put('owner1', 'demo.messages', { of => 'one' })->{status}, 201, 'stored');
is(put('owner2', 'demo.messages', { of => 'two' })->{status}, 201, 'stored');
is(put('owner1', 'demo.notes', { of => 'notes' })->{status}, 201, 'stored');

my $id = permission('read');
my $hex = sprintf '0x%x', $id;

for ([ 'claim', $id ], [ 'hex claim', $hex ],
     [ 'query', undef, "?grantId=$id" ],
     [ 'header', undef, '', 'X-PS-Grant-Id' => $id ],
     [ 'claim before query', $id, '?grantId=' . permission('revoked') ],
     [ 'query before header', undef, "?grantId=$id",
       'X-PS-Grant-Id' => permission('revoked') ])
{
    my ($name, @how) = @$_;
    my $answer = get('app1', 'demo.messages', @how);

    is($answer->{status}, 200, $name);
    is_deeply($answer->{json}{data}, { of => 'one' }, "$name: of its owner");
}

is_deeply(get('app1', 'demo.notes', permission('read_all'))->{json}{data},
    { of => 'notes' }, 'a grant for all');



=== TEST 2: every rule, in order
--- script
refused(get('stranger', 'demo.messages', permission('read')),
    'unregistered', 'a stranger');
refused(get('stranger', 'demo.messages'), 'unregistered',
    'a stranger without a grant');
refused(get('app1', 'demo.messages'), 'required', 'no grant');
refused(get('app1', 'demo.messages', 'nonsense'), 'required', 'no number');
refused(get('app1', 'demo.messages', fixtures()->{unknownPermission}),
    'unknown', 'no such grant');
refused(get('app1', 'demo.messages', permission('revoked')), 'inactive',
    'revoked');
refused(get('app1', 'demo.messages', permission('not_started')), 'inactive',
    'not started');
refused(get('app1', 'demo.messages', permission('grant_missing')),
    'unreadable', 'no grant file');
refused(get('app1', 'demo.messages', permission('extra_member')), 'invalid',
    'a bad grant file');
refused(get('app1', 'demo.messages', permission('ok')), 'no_scopes',
    'a grant for an operation');
refused(get('app1', 'demo.messages', permission('read_expired')), 'expired',
    'expired');
refused(get('app1', 'demo.notes', permission('read')), 'scope',
    'another scope');
refused(get('app2', 'demo.messages', permission('read')), 'signer',
    'another app\'s grant');
refused(get('app1', 'demo.messages',
    grant('app1', 'data_read', { scopes => [ '*' ] }, 'owner3')), 'owner',
    'an owner who is not served');



=== TEST 3: two broken rules: the earlier one is told
--- script
refused(get('stranger', 'demo.messages', permission('revoked')),
    'unregistered', 'a stranger before a revocation');
refused(get('app2', 'demo.messages', permission('revoked')), 'inactive',
    'revoked before whose it is');
refused(get('app2', 'demo.messages', permission('grant_missing')),
    'unreadable', 'the grant file before whose it is');
refused(get('app1', 'demo.notes', permission('ok')), 'no_scopes',
    'scopes before the scope');
refused(get('app1', 'demo.notes', permission('read_expired')), 'expired',
    'expiry before the scope');
refused(get('app2', 'demo.notes', permission('read')), 'scope',
    'the scope before whose it is');
refused(get('app2', 'demo.messages',
    grant('app1', 'data_read', { scopes => [ '*' ] }, 'owner3')), 'signer',
    'whose it is before the owner');



=== TEST 4: patterns
--- script
put('owner1', $_, { is => $_ }) for qw( a.b a.b.c a.bc.d );

my $id = grant('app1', 'data_read', { scopes => [ 'a.b.*' ] });

is(get('app1', 'a.b.c', $id)->{json}{data}{is}, 'a.b.c', 'below');
refused(get('app1', 'a.b', $id), 'scope', 'not itself');
refused(get('app1', 'a.bc.d', $id), 'scope', 'not what only begins so');

$id = grant('app1', 'word_count', { scopes => [ '*' ] });
refused(get('app1', 'a.b', $id), 'no_scopes', 'scopes of another operation');



=== TEST 5: facts are kept as long as they are valid
--- config eval: $::hour
--- script
my $id = grant('app1', 'data_read', { scopes => [ '*' ] });

is(get('app1', 'demo.messages', $id)->{status}, 200, 'before');
chain('revoke', 'owner1', $id);
is(get('app1', 'demo.messages', $id)->{status}, 200, 'still valid');

$id = grant('app1', 'data_read', { scopes => [ '*' ] });
chain('revoke', 'owner1', $id);
refused(get('app1', 'demo.messages', $id), 'inactive', 'not known before');



=== TEST 6: and no longer
--- config eval: $::moment
--- script
my $id = grant('app1', 'data_read', { scopes => [ '*' ] });

is(get('app1', 'demo.messages', $id)->{status}, 200, 'before');
chain('revoke', 'owner1', $id);
refused(get('app1', 'demo.messages', $id), 'inactive', 'right after');



=== TEST 7: no chain, no answer
--- http_config eval: $::nobody
--- script
my $answer = get('app1', 'demo.messages', permission('read'));
refused($answer, 'unavailable', 'a grant');
is($answer->{headers}{'retry-after'}, 2, 'Retry-After');

refused(get('app1', 'demo.messages'), 'unavailable', 'no grant');



=== TEST 8: a list shows what is covered
--- config eval: config(pserver_chain_valid => '1s')
--- script
put('owner1', $_, { is => $_ }) for qw( list.a list.b list.b.c other.x );

my $scopes = sub {
    my ($wallet, $id, $query) = @_;
    my $answer = http('GET', '/v1/data' . ($query || ''), { Authorization =>
        web3signed($wallet, 'GET', '/v1/data', undef,
            defined $id ? (grantId => "$id") : ()) });

    return $answer if $answer->{status} != 200;
    return [ map { $_->{scope} } @{ $answer->{json}{scopes} } ];
};

my $two = grant('app1', 'data_read', { scopes => [ 'list.a', 'list.b.*' ] });
my $all = grant('app1', 'data_read', { scopes => [ '*' ] });

is_deeply($scopes->('app1', $two), [ 'list.a', 'list.b.c' ], 'two');
is_deeply($scopes->('app1', $two, '?scopePrefix=list.b'), [ 'list.b.c' ],
    'of them those with a prefix');
is_deeply($scopes->('app1', $two, '?limit=1&offset=1'), [ 'list.b.c' ],
    'a page of them');
is_deeply([ grep { /^(?:list|other)/ } @{ $scopes->('app1', $all,
    '?limit=100') } ], [ qw( list.a list.b list.b.c other.x ) ], 'all');

my $answer = http('GET', '/v1/data', { Authorization => web3signed('app1',
    'GET', '/v1/data', undef, grantId => "$two") })->{json};
is($answer->{total}, 2, 'the total says no more');

refused($scopes->('app1'), 'required', 'no grant');
refused($scopes->('stranger', $all), 'unregistered', 'a stranger');
refused($scopes->('app2', $all), 'signer', 'of another app');
refused($scopes->('app1', permission('revoked')), 'inactive', 'revoked');
refused($scopes->('app1', permission('ok')), 'no_scopes', 'not for reading');

chain('revoke', 'owner1', $two);
sleep 2;
refused($scopes->('app1', $two), 'inactive', 'revoked in between');
