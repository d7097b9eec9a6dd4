use lib 't/lib';
use PServer;

# The rules of the compute API against the real chain, in their order and
# with the exact answers.

our %errors = (
    permission => [ 404, 'NOT_FOUND_ERROR', 'no such permission',
        'permission_id' ],
    served => [ 403, 'AUTHORIZATION_ERROR',
        'the grantor is not an owner of this server' ],
    grantee => [ 404, 'NOT_FOUND_ERROR',
        "the permission's grantee does not exist" ],
    signer => [ 401, 'AUTHENTICATION_ERROR',
        "the signer is not the permission's grantee" ],
    not_started => [ 403, 'AUTHORIZATION_ERROR',
        'the permission is not yet active' ],
    ended => [ 403, 'AUTHORIZATION_ERROR',
        'the permission is revoked or over' ],
    files => [ 400, 'VALIDATION_ERROR', 'the permission has no files' ],
    many_files => [ 400, 'VALIDATION_ERROR',
        'the permission has too many files' ],
    foreign => [ 403, 'AUTHORIZATION_ERROR',
        'a file of the permission does not belong to the grantor' ],
    unreadable => [ 502, 'FILE_ACCESS_ERROR', "the grant file can't be had" ],
    invalid => [ 400, 'GRANT_VALIDATION_ERROR',
        'the grant file is not valid' ],
    other_app => [ 400, 'GRANT_VALIDATION_ERROR',
        'the grant file names another grantee' ],
    expired => [ 403, 'AUTHORIZATION_ERROR', 'the grant has expired' ],
    other_operation => [ 400, 'GRANT_VALIDATION_ERROR',
        'the grant file is for another operation', 'operation' ],
    not_offered => [ 400, 'GRANT_VALIDATION_ERROR',
        'this server does not offer the operation' ],
    parameters => [ 400, 'VALIDATION_ERROR_PARAMETERS',
        'a parameter is not allowed for the operation', 'parameters' ],
);

our $hour = config(pserver_chain_valid => '1h');

sub ask {
    my ($wallet, $request) = @_;

    return http('POST', '/api/v1/operations',
        { 'Content-Type' => 'application/json' },
        operation($wallet, $request));
}

sub refused {
    my ($answer, $reason, $name) = @_;
    my ($status, $code, $text, $field) = @{ $errors{$reason} };

    is($answer->{status}, $status, "$name: $status");
    is($answer->{headers}{'content-type'}, 'application/json', "$name: type");
    is_deeply($answer->{json}, { detail => { kind => 'Error',
        detail => $text, error_code => $code, field => $field } },
        "$name: $code");
}

# rules 3 to 9 hold, so the answer is rule 10's: nothing is stored here

sub passed {
    my ($answer, $name) = @_;

    is($answer->{status}, 404, "$name: 404");
    is($answer->{json}{detail}{error_code}, 'NOT_FOUND_ERROR', "$name: code");
    isnt($answer->{json}{detail}{detail}, 'no such permission',
        "$name: of the data");
}

run_tests();

__DATA__

=== TEST 1: every rule, in order
--- script
refused(ask('app1', { permission_id => fixtures()->{unknownPermission} }),
    'permission', 'unknown');
refused(ask('app1', '{"permission_id":"' . '9' x 77 . '"}'),
    'permission', 'unknown and large');
refused(ask('app1', { permission_id => permission('unserved') }),
    'served', 'unserved');
refused(ask('app1', { permission_id => permission('no_grantee') }),
    'grantee', 'no grantee');
refused(ask($_, { permission_id => permission('ok') }), 'signer', $_)
    for qw( stranger app2 owner1 );
refused(ask('app1', { permission_id => permission('not_started') }),
    'not_started', 'not started');
refused(ask('app1', { permission_id => permission('revoked') }),
    'ended', 'revoked');
refused(ask('app1', { permission_id => permission('no_files') }),
    'files', 'no files');
refused(ask('app1', { permission_id => permission('foreign_file') }),
    'foreign', 'foreign file');
refused(ask('app1', { permission_id => permission('mixed_files') }),
    'foreign', 'one of two files foreign');
refused(ask('app1', { permission_id => permission('grant_missing') }),
    'unreadable', 'no grant file');
refused(ask('app1', { permission_id => permission('grant_changed') }),
    'unreadable', 'other bytes than the CID names');
refused(ask('app1', { permission_id => permission($_) }), 'invalid', $_)
    for qw( extra_member duplicate_member bad_json bad_types );
refused(ask('app1', { permission_id => permission('wrong_grantee') }),
    'other_app', 'grant file of another app');
refused(ask('app1', { permission_id => permission('expired') }),
    'expired', 'expired');
refused(ask('app1', { permission_id => permission('unknown_operation') }),
    'not_offered', 'unknown operation');
refused(ask('app1', { permission_id => permission('read') }),
    'not_offered', 'a grant to read');



=== TEST 2: what the app asks for itself
--- script
my $id = permission('not_stored');

passed(ask('app1', { permission_id => $id }), 'allowed');
passed(ask('app1', { permission_id => permission('ends_later') }),
    'ends later');
passed(ask('app1', { permission_id => $id, operation => 'word_count' }),
    'the same operation');
refused(ask('app1', { permission_id => $id, operation => 'search' }),
    'other_operation', 'another operation');
refused(ask('app1', { permission_id => $id, parameters => { nonsense => 1 } }),
    'parameters', 'a parameter that is not allowed');
refused(ask('app1', { permission_id => $id, parameters => { filters => {} } }),
    'parameters', 'filters of its own');



=== TEST 3: the first rule that is broken answers
--- script
refused(ask('stranger', { permission_id => permission('unserved') }),
    'served', 'unserved, and not the grantee');
refused(ask('stranger', { permission_id => permission('revoked') }),
    'signer', 'not the grantee, and revoked');
refused(ask('app1', { permission_id => permission('unknown_operation'),
    operation => 'word_count' }), 'other_operation', 'another, not offered');



=== TEST 4: a revocation counts from its block on
--- config eval: $::hour
--- script
my $id = chain('add-permission', 'owner1', fixtures()->{grantees}{app1},
    'ipfs://' . fixtures()->{permissions}{ok}{cid},
    file_id('not_stored'))->{permissionId};

refused(ask('stranger', { permission_id => $id }), 'signer', 'before');
passed(ask('app1', { permission_id => $id }), 'before');

chain('revoke', 'owner1', $id);

refused(ask('app1', { permission_id => $id }), 'ended', 'right after');



=== TEST 5: a permission for more files than are looked at
--- script
my $added = chain('add-permission', 'owner1',
    fixtures()->{grantees}{app1},
    'ipfs://' . fixtures()->{permissions}{ok}{cid},
    (file_id('messages')) x 65);

refused(ask('app1', { permission_id => $added->{permissionId} }),
    'many_files', '65 files');

$added = chain('add-permission', 'owner1',
    fixtures()->{grantees}{app1},
    'ipfs://' . fixtures()->{permissions}{ok}{cid},
    (file_id('not_stored')) x 64);

passed(ask('app1', { permission_id => $added->{permissionId} }), '64 files');
