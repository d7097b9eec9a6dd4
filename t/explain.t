# POST /api/v1/permissions/{id}/check: the owner asks what would be decided.
#
# workers: 4

use lib 't/lib';
use PServer;
use PServer::Jobs;

our $dead = http_config(chain => '127.0.0.1:1');

sub check {
    my ($wallet, $id, $asked, %claims) = @_;
    my $uri = "/api/v1/permissions/$id/check";
    my $body = ref $asked ? json($asked) : $asked;

    return http('POST', $uri, {
        Authorization => web3signed($wallet, 'POST', $uri, $body, %claims),
        'Content-Type' => 'application/json',
    }, $body);
}

sub ask_for {
    my ($name, %more) = @_;

    return check('owner1', permission($name),
        { app => wallet('app1')->{address}, %more })->{json};
}

# "held" rules and the one that failed

sub rules {
    my $answer = shift;
    my %by;

    push @{ $by{$_->{result}} }, $_->{rule} for @{ $answer->{rules} };

    return (scalar @{ $by{held} || [] }, $by{failed} ? $by{failed}[0] : '',
        scalar @{ $by{not_reached} || [] });
}

run_tests();

__DATA__

=== TEST 1: a yes, with every fact
--- script
my $a = ::check('owner1', permission('ok'),
    { app => wallet('app1')->{address} });

is($a->{status}, 200, 'answered');
is($a->{headers}{'content-type'}, 'application/json', 'type');

my $j = $a->{json};
my $f = $j->{facts};
my $ok = fixtures()->{permissions}{ok};

is($j->{kind}, 'PermissionCheck', 'kind');
is($j->{permission_id}, '' . permission('ok'), 'id');
ok($j->{allowed}, 'allowed');
ok(!exists $j->{reason}, 'no reason to say no');
is_deeply([ ::rules($j) ], [ 14, '', 0 ], 'all rules hold');

is($f->{chain_id}, fixtures()->{chain}{chainId}, 'chain');
cmp_ok($f->{block}, '>', 0, 'block');
like($f->{block_hash}, qr/^0x[0-9a-f]{64}$/, 'its hash');
is(lc $f->{grantor}, lc wallet('owner1')->{address}, 'grantor');
is(lc $f->{grantee}, lc wallet('app1')->{address}, 'grantee');
is($f->{end_block}, '115792089237316195423570985008687907853269984665640564'
    . '039457584007913129639935', 'no end, to the last digit');
is($f->{grant_url}, "ipfs://$ok->{cid}", 'grant URL');
is(json($f->{grant_file})->{operation}, 'word_count', 'grant file');
is($f->{file_count}, 1, 'one file');
is($f->{files}[0]{file_id}, '' . file_id('messages'), 'which');
is(lc $f->{files}[0]{owner}, lc wallet('owner1')->{address}, 'whose');
like($f->{files}[0]{url}, qr{/v1/data/demo\.messages$}, 'where');



=== TEST 2: each no, by its rule and as the app would be told
--- script
for ([ revoked => 'permission is active', 403, 'AUTHORIZATION_ERROR' ],
     [ not_started => 'permission is active', 403, 'AUTHORIZATION_ERROR' ],
     [ foreign_file => 'files belong to the grantor', 403,
       'AUTHORIZATION_ERROR' ],
     [ grant_missing => 'grant file is there', 502, 'FILE_ACCESS_ERROR' ],
     [ extra_member => 'grant file is valid', 400,
       'GRANT_VALIDATION_ERROR' ],
     [ wrong_grantee => 'grant file names the app', 400,
       'GRANT_VALIDATION_ERROR' ],
     [ expired => 'grant has not expired', 403, 'AUTHORIZATION_ERROR' ],
     [ unknown_operation => 'operation is offered', 400,
       'GRANT_VALIDATION_ERROR' ])
{
    my ($name, $rule, $status, $code) = @$_;
    my $j = ::ask_for($name);
    my ($held, $failed, $rest) = ::rules($j);

    ok(!$j->{allowed}, "$name: no");
    is($failed, $rule, "$name: $rule");
    is($held + 1 + $rest, 14, "$name: the others held or were not reached");
    is($j->{status}, $status, "$name: $status");
    is($j->{error_code}, $code, "$name: $code");

    my $a = start_job('app1', { permission_id => permission($name) });
    is($a->{status}, $status, "$name: so is the app");
    is($a->{json}{detail}{error_code}, $code, "$name: with this code");
}

my $j = ::ask_for('ok', operation => 'search');
is((::rules($j))[1], 'operation is the granted one', 'another operation');

$j = ::ask_for('ok', parameters => { filters => {} });
is((::rules($j))[1], 'parameters are allowed', 'a parameter');

$j = ::check('owner1', permission('ok'),
    { app => wallet('app2')->{address} })->{json};
is((::rules($j))[1], 'app is the grantee', 'another app');



=== TEST 3: a read
--- script
my $j = ::ask_for('read', scope => 'demo.messages');
ok($j->{allowed}, 'covered');
is_deeply([ ::rules($j) ], [ 13, '', 0 ], 'all rules hold');

$j = ::ask_for('read', scope => 'demo.notes');
is((::rules($j))[1], 'grant covers the scope', 'not covered');
is($j->{error_code}, 'SCOPE_MISMATCH', 'its code');

$j = ::check('owner1', permission('read'), { scope => 'demo.messages',
    app => wallet('stranger')->{address} })->{json};
is((::rules($j))[1], 'app is registered', 'a stranger');
is($j->{error_code}, 'UNREGISTERED_BUILDER', 'its code');

$j = ::check('owner1', permission('read'), { scope => 'demo.messages',
    app => wallet('app2')->{address} })->{json};
is((::rules($j))[1], 'app is the grantee', 'another app');



=== TEST 4: who may ask, and how
--- script
my $app = { app => wallet('app1')->{address} };
my $id = permission('ok');

for my $wallet (qw( app1 owner2 stranger )) {
    my $a = ::check($wallet, $id, $app);
    is($a->{status}, 403, $wallet);
    is($a->{json}{detail}{error_code}, 'AUTHORIZATION_ERROR', 'its code');
    unlike($a->{content}, qr/facts/, 'and no facts');
}

is(::check('owner1', 1000000, $app)->{status}, 404, 'no such permission');
is(::check('owner1', sprintf('0x%x', $id), $app)->{status}, 200, 'in hex');
is(::check('owner1', 'x', $app)->{status}, 400, 'no number');
is(::check('owner1', '', $app)->{status}, 404, 'no id');
is(::check('owner1', '7/8', $app)->{status}, 404, 'another route');

my $uri = "/api/v1/permissions/$id/check";
is(http('POST', $uri, {}, json($app))->{status}, 401, 'not signed');
is(http('GET', $uri)->{status}, 405, 'not a POST');
is(::check('owner1', $id, $app, bodyHash => 'sha256:' . '0' x 64)->{status},
    401, 'another body than was signed');

for ([ '[]', undef ], [ '{', undef ], [ '', undef ], [ '{}', 'app' ],
     [ '{"app":1}', 'app' ], [ '{"app":"0x12"}', 'app' ],
     [ json({ %$app, operation => '' }), 'operation' ],
     [ json({ %$app, parameters => [] }), 'parameters' ],
     [ json({ %$app, scope => '../x' }), 'scope' ])
{
    my ($body, $field) = @$_;
    my $a = ::check('owner1', $id, $body);

    is($a->{status}, 422, "422: $body");
    is($a->{json}{detail}[0]{loc}[1], $field, 'which member');
}



=== TEST 5: no chain, no answer
--- http_config eval: $::dead
--- script
my $a = ::check('owner1', permission('ok'),
    { app => wallet('app1')->{address} });

is($a->{status}, 503, '503');
is($a->{json}{detail}{error_code}, 'BLOCKCHAIN_ERROR', 'its code');
ok($a->{headers}{'retry-after'}, 'Retry-After');
