# The receipt that comes with a result: checked by another implementation
# (t/lib/receipt.mjs) and by pserverctl; who may open what; what a change of
# it shows.
# workers: 4

use lib 't/lib';
use PServer;
use PServer::Jobs;
use Digest::SHA qw( sha256_hex );

# the other implementation: what it found, or what does not hold

sub other {
    my $answer = shift;
    my $file = state_dir() . '/answer.json';

    write_file($file, $answer);

    my $out = `node @{[ root_dir() ]}/t/lib/receipt.mjs verify < $file 2>&1`;

    return $? ? $out : json($out);
}

sub write_file {
    my ($file, $text) = @_;

    open my $out, '>:raw', $file or die "$file: $!";
    print $out $text;
    close $out or die "$file: $!";

    return $file;
}

# pserverctl receipt verify: its status, and all that it says

sub verify {
    my ($answer, @options) = @_;
    my $file = write_file(state_dir() . '/answer.json', $answer);
    my @command = (root_dir() . '/build/bin/pserverctl', 'receipt', 'verify',
        @options, $file);
    my $out = `@command 2>&1`;

    return ($? >> 8, $out);
}

# a permission like "ok" whose grant file names an image: its id

sub bound {
    my $image = shift;
    my $ok = fixtures()->{permissions}{ok};
    my $file = write_file(state_dir() . '/grant.json', json({
        grantee => fixtures()->{wallets}{app1}{address},
        operation => 'word_count', parameters => { image => $image } }));
    my $cid = chain('cid', $file)->{cid};

    rename $file, test_dir() . "/ipfs/$cid" or die $!;

    return chain('add-permission', 'owner1', fixtures()->{grantees}{app1},
        "ipfs://$cid", @{$ok->{fileIds}})->{permissionId};
}

sub server_of {
    my $owner = fixtures()->{wallets}{shift()}{address};

    return http('GET', "/api/v1/identity?address=$owner")
        ->{json}{personal_server}{address};
}

run_tests();

__DATA__

=== TEST 1: for the app and for the owner
--- config eval: config(pserver_operation => offers('word_count'))
--- script
my $export = example('export.json');

is(store_data('owner1', 'demo.messages', $export)->{status}, 201, 'stored');

my $id = $V{id} = start_job('app1', fresh('ok'))->{json}{id};
my $server = server_of('owner1');

is(finish('app1', $id)->{json}{status}, 'succeeded', 'it ran');

my $a = status_of('app1', $id);
my $o = status_of('owner1', $id);
my ($app, $owner) = map { $_->{json}{receipt} } $a, $o;

is_deeply(other($a->{content}),
    { server => $server, opened => [ 'output' ] }, 'the app');
is_deeply(other($o->{content}), { server => $server,
    opened => [ 'inputs', 'output', 'permission' ] }, 'the owner');

is($app->{origin}, origin(), 'origin');
is($app->{chain_id}, fixtures()->{chain}{chainId}, 'chain');
is("sha256:" . substr($app->{image}, 2), image('word_count'), 'image');
like($app->{block_hash}, qr/^0x(?!0{64})[0-9a-f]{64}$/, 'block');
cmp_ok($app->{finished_at}, '>', 1000 * (time - 100), 'when');

# two releases: two entries, the same commitments

cmp_ok($owner->{entry}, '>', $app->{entry}, 'another entry');
is($owner->{$_}, $app->{$_}, "the same $_")
    for qw( operation image permission inputs output finished_at server );

# what is in the manifests

my ($result) = $a->{content} =~ /"result":(.*),"receipt":/s;

is($owner->{openings}{permission}{id}, permission('ok'), 'the permission');
like($owner->{openings}{output}{manifest},
    qr/\A\Q${\ sha256_hex($result)}\E  result\.json\n[0-9a-f]{64}  by_month/,
    'the result and another file');

my $file = fixtures()->{permissions}{ok}{fileIds}[0];
my $sum = sha256_hex($export);

like($owner->{openings}{inputs}{manifest},
    qr{\A$sum  data/$file\.json\n[0-9a-f]{64}  operation\.json\n\z},
    'the input');

$V{answer} = $o->{content};
$V{app} = $a->{content};



=== TEST 2: pserverctl, offline
--- config eval: config(pserver_operation => offers('word_count'))
--- script
my ($rc, $out) = verify($V{answer}, '--server', server_of('owner1'));

is($rc, 0, 'it holds') or diag($out);
like($out, qr/^signed by 0x\w{40} at \S+, chain \d+$/m, 'who');
like($out, qr/^ran in sha256:[0-9a-f]{64}$/m, 'in what');
like($out, qr/^released at block \d+, entry \d+ of pserver.\w{16}$/m, 'where');
like($out, qr/^of this result$/m, 'the result');

($rc, $out) = verify($V{answer}, '--server', server_of('owner2'));
is($rc, 1, 'another server');
like($out, qr/signed by another server/, 'why');

# the result by itself, with or without a newline; another one

my ($result) = $V{app} =~ /"result":(.*),"receipt":/s;
my $receipt = json(json($V{app})->{receipt});
my $file = state_dir() . '/result.json';

for my $text ($result, "$result\n") {
    write_file($file, $text);
    ($rc, $out) = verify($receipt, '--output', $file);
    is($rc, 0, 'the result by itself');
}

write_file($file, "$result ");
($rc, $out) = verify($receipt, '--output', $file);
is($rc, 1, 'another one');
like($out, qr/the result is another one/, 'why');

($rc, $out) = verify($receipt);
is($rc, 0, 'none');
like($out, qr/there is no result/, 'which is said');

# one that was changed, in each of its parts

my @changes = (
    [ qr/("result":\{[^}]*?)(\d)/, qr/the result is another one/ ],
    [ qr/("image":"0x)(\w)/, qr/not signed by/ ],
    [ qr/("permission":"0x)(\w)/, qr/not signed by/ ],
    [ qr/("inputs":"0x)(\w)/, qr/not signed by/ ],
    [ qr/("output":"0x)(\w)/, qr/not signed by/ ],
    [ qr/("block":)(\d)/, qr/not signed by/ ],
    [ qr/("entry":)(\d)/, qr/not signed by/ ],
    [ qr/("leaf":"0x)(\w)/, qr/not signed by/ ],
    [ qr/("origin":"htt)(p)/, qr/not signed by/ ],
    [ qr/("inputs":\{"key":"0x)(\w)/, qr/an opening is not/ ],
    [ qr/("inputs":\{[^}]*"manifest":")(\w)/, qr/an opening is not/ ],
    [ qr/("output":\{[^}]*"manifest":")(\w)/, qr/an opening is not/ ],
    [ qr/("id":")(\d)(?=\d*"\},"inputs")/, qr/an opening is not/ ],
    [ qr/("kind":"Re)(c)/, qr/no receipt/ ],
);

for (@changes) {
    my ($where, $why) = @$_;
    my $changed = $V{answer} =~ s/$where/$1 . ($2 eq '1' ? '2' : '1')/er;

    isnt($changed, $V{answer}, "$where");
    ($rc, $out) = verify($changed);
    is($rc, 1, 'does not hold');
    like($out, $why, 'why') or diag($out);
}



=== TEST 3: the entry of the log: it is there, and it is this one
--- config eval
config(pserver_operation => offers('word_count'),
    more => 'location /log/ { pserver audit; }')
--- script
my $receipt = json($V{app})->{receipt};
my $uri = "/api/v1/operations/$V{id}/proof";
my $proof;

my $public = wait_for {
    $proof = http('GET', "$uri?entry=$receipt->{entry}",
        { Authorization => web3signed('app1', 'GET', $uri) });
    $proof->{status} == 200;
};

ok($public, 'the proof') or diag($proof->{content});

my $file = write_file(state_dir() . '/proof.json', $proof->{content});
my $key = write_file(state_dir() . '/log.key',
    http('GET', '/log/key')->{content});
my ($rc, $out) = verify($V{app}, '--proof', $file, '--log-key', $key);

is($rc, 0, 'it is there') or diag($out);
like($out, qr/the log has this entry, among \d+ that were signed\nnot under an anchor yet$/m,
    'which is said');

# of another release

($rc, $out) = verify($V{answer}, '--proof', $file, '--log-key', $key);
is($rc, 1, 'another entry');
like($out, qr/the proof is of another entry/, 'why');

# a log that has nothing of it says so

write_file($file, $proof->{content} =~ s/("proof":")([^"])/$1 . ($2 eq 'A'
    ? 'B' : 'A')/er);
($rc, $out) = verify($V{app}, '--proof', $file, '--log-key', $key);
is($rc, 1, 'a proof that does not hold');



=== TEST 4: a grant binds the owner's consent to an image
--- config eval: config(pserver_operation => offers('word_count'))
--- script
my $id = $V{bound} = bound(image('word_count'));
my $a = http('POST', '/api/v1/operations', { Prefer => 'wait=20' },
    operation('app1', fresh($id)));

is($a->{json}{status}, 'succeeded', 'this image');
is("sha256:" . substr($a->{json}{receipt}{image}, 2), image('word_count'),
    'which the receipt names');

# a name for the same image, and another one

for my $image ('word_count', 'word_count:latest', image('search'),
    uc image('word_count'))
{
    my $a = start_job('app1', fresh(bound($image)));
    is($a->{status}, 400, $image);
    is($a->{json}{detail}{error_code}, 'GRANT_VALIDATION_ERROR', 'its code');
}



=== TEST 5: another image under the same name is not what the owner meant
--- config eval: config(pserver_operation => offers('test_echo'))
--- script
my $rows = rows();
my $a = start_job('app1', fresh($V{bound}));

is($a->{status}, 400, 'refused');
is($a->{json}{detail}{error_code}, 'GRANT_VALIDATION_ERROR', 'its code');
like($a->{json}{detail}{detail}, qr/image/, 'and why');
is(rows(), $rows, 'no row');
is(start_job('app1', fresh('ok'))->{status}, 202, 'one that names none runs');



=== TEST 6: with what else is handed out, and where there is none
--- config eval: config(pserver_operation => offers('test_exit'))
--- script
my $id = start_job('app1', fresh('ok'))->{json}{id};
my $a = finish('app1', $id);

is($a->{json}{status}, 'failed', 'it failed');
unlike($a->{content}, qr/receipt/, 'no receipt');

# after a restart, and with a POST that waits; the keys are the same

my ($was, $is) = map { json($_)->{receipt} }
    $V{app}, status_of('app1', $V{id})->{content};

is($is->{$_}, $was->{$_}, "the same $_") for qw( output inputs image );



=== TEST 7: whoever has the id gets what an app gets
--- config eval
config(pserver_operation => offers('word_count'),
    pserver_operation_access => 'capability')
--- script
my $a = http('POST', '/api/v1/operations', { Prefer => 'wait=20' },
    operation('app1', fresh('ok')));

is_deeply(other($a->{content}), { server => server_of('owner1'),
    opened => [ 'output' ] }, 'a POST');

$a = status_of(undef, $a->{json}{id});
is_deeply([ keys %{$a->{json}{receipt}{openings}} ], [ 'output' ],
    'the output');
