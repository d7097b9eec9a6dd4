# POST /api/v1/operations: who is accepted, who is refused with which answer,
# what counts as a repeat; and the way of an accepted one up to its result.

use lib 't/lib';
use PServer;
use PServer::Jobs;

run_tests();

__DATA__

=== TEST 1: two owners store, an app and another run
--- script
my $export = example('export.json');

is(store_data('owner1', 'demo.messages', $export)->{status}, 201, 'owner1');
is(store_data('owner2', 'demo.notes', $export)->{status}, 201, 'owner2');

my $a = start_job('app1', { permission_id => permission('ok') });

is($a->{status}, 202, 'accepted');
is($a->{headers}{'content-type'}, 'application/json', 'type');
like($a->{content}, qr/\A\{"kind":"OperationCreated","id":"[0-9a-f]{64}",
    "created_at":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"\}\z/x, 'the answer');

my $id = $V{id} = $a->{json}{id};
my $s = finish('app1', $id);

is($s->{status}, 200, 'status');
is($s->{json}{kind}, 'OperationStatus', 'kind');
is($s->{json}{id}, $id, 'id');
is($s->{json}{status}, 'succeeded', 'succeeded');
like($s->{json}{$_}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, $_)
    for qw( started_at finished_at );
is_deeply($s->{json}{result}, json(example('word_count.expected.json')),
    'the right result');
is(containers(), 0, 'no container is left');



=== TEST 2: the owner sees it too, others see nothing
--- script
is(status_of('owner1', $V{id})->{json}{status}, 'succeeded', 'the owner');

my $none = '{"detail":{"kind":"Error","detail":"There is no such operation",'
    . '"error_code":"NOT_FOUND_ERROR","field":null}}';

for my $other (qw( app2 owner2 stranger )) {
    my $s = status_of($other, $V{id});
    is($s->{status}, 404, $other);
    is($s->{content}, $none, "$other is told nothing");
    is(cancel_job($other, $V{id})->{status}, 404, "$other cancels nothing");
}

my $s = status_of('app1', 'ab' x 32);
is($s->{status}, 404, 'no such id');
is($s->{content}, $none, 'the same answer');

$s = status_of(undef, $V{id});
is($s->{status}, 401, 'no header');
is($s->{json}{detail}{error_code}, 'AUTHENTICATION_ERROR', 'its code');
is(status_of('app1', $V{id})->{json}{status}, 'succeeded', 'still there');



=== TEST 3: the other owner's operation over the other owner's data
--- script
my $a = start_job('app2', { permission_id => permission('ok2') });
is($a->{status}, 202, 'accepted');

my $s = finish('app2', $a->{json}{id});
is($s->{json}{status}, 'succeeded', 'succeeded');
is($s->{json}{result}{words}, 29815, 'the result');
is(status_of('app1', $a->{json}{id})->{status}, 404, 'not for app1');
is(status_of('owner1', $a->{json}{id})->{status}, 404, 'not for owner1');



=== TEST 4: parameters: the grant file's and the app's
--- config eval
config(pserver_operation => [
    'word_count image=' . image('word_count') . ' parameters=top',
    'search image=' . image('search') . ' parameters=terms,snippets',
])
--- script
my $parameters = json(example('search.parameters.json'));
my $a = start_job('app1', { permission_id => permission('search'),
    operation => 'search', parameters => $parameters });
is($a->{status}, 202, 'search') or diag($a->{content});

my $s = finish('app1', $a->{json}{id});
is_deeply($s->{json}{result}, json(example('search.expected.json')),
    'the right result') or diag($s->{content});

$a = start_job('app1', { permission_id => permission('ok'),
    parameters => { top => 2 } });
$s = finish('app1', $a->{json}{id});
is(scalar @{$s->{json}{result}{top_words}}, 2, 'the app sets one');

for ([ other => { other => 1 } ], [ filters => { filters => {} } ],
     [ image => { image => 'sha256:' . '0' x 64 } ])
{
    my ($name, $parameters) = @$_;
    $a = start_job('app1', { permission_id => permission('ok'),
        parameters => $parameters });
    is($a->{status}, 400, "parameter $name");
    is($a->{json}{detail}{error_code}, 'VALIDATION_ERROR_PARAMETERS',
        'its code');
}

is(containers(), 0, 'no container is left');



=== TEST 5: everything that is refused, and nothing comes of it
--- script
my $rows = rows();

my @refused = (
    [ 'unknown', 404, 'NOT_FOUND_ERROR' ],
    [ 'unserved', 403, 'AUTHORIZATION_ERROR' ],
    [ 'no_grantee', 404, 'NOT_FOUND_ERROR' ],
    [ 'not_started', 403, 'AUTHORIZATION_ERROR' ],
    [ 'revoked', 403, 'AUTHORIZATION_ERROR' ],
    [ 'no_files', 400, 'VALIDATION_ERROR' ],
    [ 'foreign_file', 403, 'AUTHORIZATION_ERROR' ],
    [ 'mixed_files', 403, 'AUTHORIZATION_ERROR' ],
    [ 'grant_missing', 502, 'FILE_ACCESS_ERROR' ],
    [ 'grant_changed', 502, 'FILE_ACCESS_ERROR' ],
    [ 'extra_member', 400, 'GRANT_VALIDATION_ERROR' ],
    [ 'duplicate_member', 400, 'GRANT_VALIDATION_ERROR' ],
    [ 'bad_json', 400, 'GRANT_VALIDATION_ERROR' ],
    [ 'bad_types', 400, 'GRANT_VALIDATION_ERROR' ],
    [ 'wrong_grantee', 400, 'GRANT_VALIDATION_ERROR' ],
    [ 'expired', 403, 'AUTHORIZATION_ERROR' ],
    [ 'unknown_operation', 400, 'GRANT_VALIDATION_ERROR' ],
    [ 'other_owner_url', 404, 'NOT_FOUND_ERROR' ],
    [ 'other_origin', 404, 'NOT_FOUND_ERROR' ],
    [ 'not_stored', 404, 'NOT_FOUND_ERROR' ],
    [ 'dots_url', 404, 'NOT_FOUND_ERROR' ],
    [ 'escaped_url', 404, 'NOT_FOUND_ERROR' ],
    [ 'local_file_url', 404, 'NOT_FOUND_ERROR' ],
    [ 'bad_filter', 400, 'VALIDATION_ERROR_FILTERS' ],
    [ 'foreign_filter', 400, 'VALIDATION_ERROR_FILTERS' ],
);

for (@refused) {
    my ($name, $status, $code) = @$_;
    my $id = $name eq 'unknown' ? 1000000 : permission($name);
    my $a = start_job('app1', { permission_id => $id });

    is($a->{status}, $status, $name);
    is($a->{json}{detail}{kind}, 'Error', "$name: kind");
    is($a->{json}{detail}{error_code}, $code, "$name: code");
}

for my $app (qw( app2 stranger owner1 )) {
    my $a = start_job($app, { permission_id => permission('ok') });
    is($a->{status}, 401, $app);
    is($a->{json}{detail}{error_code}, 'AUTHENTICATION_ERROR', "$app: code");
}

my $a = start_job('app1', { permission_id => permission('ok'),
    operation => 'search' });
is($a->{status}, 400, 'another operation than the grant file names');
is($a->{json}{detail}{error_code}, 'GRANT_VALIDATION_ERROR', 'its code');

is(rows(), $rows, 'no row');
is(containers(), 0, 'no container');



=== TEST 6: bad bodies
--- script
my $rows = rows();
my $ok = permission('ok');
my $sig = '0x' . '11' x 65;

my @bad = (
    [ 'not JSON', '{', 422, undef, 'json_invalid' ],
    [ 'empty', '', 422, undef, 'json_invalid' ],
    [ 'an array', '[]', 422, undef, 'dict_type' ],
    [ 'no signature', '{"operation_request_json":"{}"}', 422,
        'app_signature', 'missing' ],
    [ 'no text', qq({"app_signature":"$sig"}), 422,
        'operation_request_json', 'missing' ],
    [ 'a short signature',
        '{"app_signature":"0x11","operation_request_json":"{}"}', 422,
        'app_signature', 'string_pattern_mismatch' ],
    [ 'a number as text',
        qq({"app_signature":"$sig","operation_request_json":1}), 422,
        'operation_request_json', 'string_type' ],
    [ 'a text that is too long',
        qq({"app_signature":"$sig","operation_request_json":")
            . 'x' x 100001 . '"}', 422,
        'operation_request_json', 'string_too_long' ],
    [ 'a text that is no object',
        qq({"app_signature":"$sig","operation_request_json":"[]"}), 422,
        'operation_request_json', 'value_error' ],
);

for (@bad) {
    my ($name, $body, $status, $loc, $type) = @$_;
    my $a = http('POST', '/api/v1/operations',
        { 'Content-Type' => 'application/json' }, $body);

    is($a->{status}, $status, $name);
    is_deeply($a->{json}{detail}[0]{loc},
        [ 'body', defined $loc ? $loc : () ], "$name: loc");
    is($a->{json}{detail}[0]{type}, $type, "$name: type");
}

my $a = start_job('app1', { permission_id => 0 });
is($a->{status}, 400, 'permission 0');
is($a->{json}{detail}{error_code}, 'VALIDATION_ERROR_PERMISSION_ID', 'code');

$a = start_job('app1', qq({"permission_id":$ok,"permission_id":$ok}));
is($a->{status}, 422, 'a member twice');

my $text = qq({"permission_id":$ok});
my $signature = sign_text('app1', $text);

for ([ 'another text', $signature, qq({"permission_id": $ok}) ],
     [ 'zeros', '0x' . '00' x 65, $text ],
     [ 'v of 29', substr($signature, 0, -2) . '1d', $text ])
{
    my ($name, $s, $t) = @$_;
    my $a = http('POST', '/api/v1/operations', {},
        json({ app_signature => $s, operation_request_json => $t }));
    is($a->{status}, 401, "signature: $name");
    is($a->{json}{detail}{error_code}, 'AUTHENTICATION_ERROR', 'its code');
}

is(http('POST', '/api/v1/operations', {}, ' ' x 1100000)->{status}, 413,
    'a body that is too large');
is(rows(), $rows, 'no row');



=== TEST 7: aud, chain_id and exp count where they are there
--- script
my $ok = permission('ok');
my $rows = rows();

for ([ aud => 'https://other.example.org' ], [ chain_id => 1 ],
     [ exp => time - 100 ])
{
    my ($name, $value) = @$_;
    my $a = start_job('app1', { permission_id => $ok, $name => $value });
    cmp_ok($a->{status}, '>=', 400, "wrong $name");
    cmp_ok($a->{status}, '<', 500, "wrong $name: the app's fault");
}

is(rows(), $rows, 'no row');

my $a = start_job('app1', { permission_id => $ok, aud => origin(),
    chain_id => fixtures()->{chain}{chainId}, exp => time + 60 });
is($a->{status}, 202, 'right ones');
is(finish('app1', $a->{json}{id})->{json}{status}, 'succeeded', 'it ran');



=== TEST 8: a repeat within the window starts nothing
--- config eval: config(pserver_repeat_window => '4s')
--- script
my $text = '{"permission_id":' . permission('ok') . ', "parameters":null }';
my $a = start_job('app1', $text);
is($a->{status}, 202, 'first');

my $rows = rows();
my $again = start_job('app1', $text);
is($again->{status}, 202, 'while it runs');
is($again->{content}, $a->{content}, 'the same answer');

is(finish('app1', $a->{json}{id})->{json}{status}, 'succeeded', 'over');

$again = start_job('app1', $text);
is($again->{json}{id}, $a->{json}{id}, 'within the window');
is(rows(), $rows, 'one row');

# another form of the same signature
my $signature = sign_text('app1', $text);
my $v = hex substr $signature, -2;
my $other = uc(substr $signature, 2, 128) . sprintf '%02x', $v - 27;
$again = http('POST', '/api/v1/operations', {}, json({
    app_signature => "0x$other", operation_request_json => $text }));
is($again->{json}{id}, $a->{json}{id}, 'in another form');

sleep 5;
$again = start_job('app1', $text);
is($again->{status}, 202, 'after the window');
isnt($again->{json}{id}, $a->{json}{id}, 'a new one');
is(rows(), $rows + 1, 'two rows');
is(finish('app1', $again->{json}{id})->{json}{status}, 'succeeded', 'runs');



=== TEST 9: with nonce and exp it is one for good
--- config eval: config(pserver_repeat_window => '0')
--- script
my $text = json({ permission_id => permission('ok'), nonce => 'n1',
    exp => time + 30 });
my $a = start_job('app1', $text);
is($a->{status}, 202, 'first');
is(finish('app1', $a->{json}{id})->{json}{status}, 'succeeded', 'over');

my $rows = rows();
my $again = start_job('app1', $text);
is($again->{status}, 202, 'again');
is($again->{json}{id}, $a->{json}{id}, 'the same one');
is(rows(), $rows, 'one row');

$text = json({ permission_id => permission('ok'), nonce => 'n2',
    exp => time + 30 });
$again = start_job('app1', $text);
isnt($again->{json}{id}, $a->{json}{id}, 'another nonce, another one');
is(finish('app1', $again->{json}{id})->{json}{status}, 'succeeded', 'runs');



=== TEST 10: capability: whoever has the id, and a repeat does not give it
--- config eval: config(pserver_operation_access => 'capability')
--- script
my $text = '{"permission_id": ' . permission('ok') . '}';
my $a = start_job('app1', $text);
is($a->{status}, 202, 'accepted');

my $again = start_job('app1', $text);
is($again->{status}, 409, 'a repeat');
is($again->{json}{detail}{error_code}, 'CONFLICT_ERROR', 'its code');
unlike($again->{content}, qr/$a->{json}{id}/, 'no id');

is(finish(undef, $a->{json}{id})->{json}{status}, 'succeeded', 'by the id');



=== TEST 11: pserver_require_nonce
--- config eval: config(pserver_require_nonce => 'on')
--- script
my $ok = permission('ok');
my %all = (permission_id => $ok, aud => origin(), nonce => 'all',
    chain_id => fixtures()->{chain}{chainId}, exp => time + 60);

for my $name (qw( aud chain_id nonce exp )) {
    my %some = %all;
    delete $some{$name};
    my $a = start_job('app1', { %some });
    cmp_ok($a->{status}, '>=', 400, "without $name");
    cmp_ok($a->{status}, '<', 500, "without $name: the app's fault");
}

my $a = start_job('app1', { %all });
is($a->{status}, 202, 'with all');
is(finish('app1', $a->{json}{id})->{json}{status}, 'succeeded', 'runs');



=== TEST 12: the same request twenty times at once is one operation
--- script
my $body = operation('app1', '{ "permission_id" : ' . permission('ok') . '}');
my $rows = rows();
my @pipes;

for (1 .. 20) {
    open my $from, '-|' or do {
        my $a = http('POST', '/api/v1/operations', {}, $body);
        print "$a->{status} $a->{json}{id}";
        require POSIX;
        close STDOUT;
        POSIX::_exit(0);
    };
    push @pipes, $from;
}

my %seen;
$seen{<$_>}++ for @pipes;

is_deeply([ values %seen ], [ 20 ], 'one answer');
is(rows(), $rows + 1, 'one row');

my ($id) = (keys %seen)[0] =~ /^202 (\w+)$/;
is(finish('app1', $id)->{json}{status}, 'succeeded', 'runs');
is(containers(), 0, 'no container is left');



=== TEST 13: all of it is in the owner's log, by name and with the reason
--- script
my $id = start_job('app1', fresh('ok'))->{json}{id};
is(finish('app1', $id)->{json}{status}, 'succeeded', 'it ran');
is(start_job('app1', fresh('revoked'))->{status}, 403, 'a refusal');

my $uri = '/v1/access-logs';
my $log;

my $seen = wait_for {
    $log = http('GET', "$uri?limit=6",
        { Authorization => web3signed('owner1', 'GET', $uri) })->{json};
    $log->{logs}[0]{action} =~ /refused/;
} 5;

ok($seen, 'the last one is the refusal') or diag(json($log));
is($log->{logs}[0]{reason}, 'AUTHORIZATION_ERROR', 'and why');
is($log->{logs}[0]{grantId}, permission('revoked'), 'of which permission');

is_deeply([ map { "$_->{action} $_->{reason}" }
    grep { $_->{operationId} eq $id } @{$log->{logs}} ],
    [ 'operation_released ', 'operation_finished succeeded',
      'operation_started ', 'operation_accepted ' ], 'the operation');



=== TEST 14: the chain can't be asked
--- http_config eval: http_config(chain => '127.0.0.1:1')
--- script
my $rows = rows();
my $a = start_job('app1', { permission_id => permission('ok') });
is($a->{status}, 503, 'unavailable');
is($a->{json}{detail}{error_code}, 'BLOCKCHAIN_ERROR', 'its code');
like($a->{headers}{'retry-after'}, qr/^\d+$/, 'Retry-After');

$a = status_of('app1', $V{id});
is($a->{status}, 503, 'nor is a result handed out');
is($a->{json}{detail}{error_code}, 'BLOCKCHAIN_ERROR', 'its code');
is(rows(), $rows, 'no row');
