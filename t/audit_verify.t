# What pserverctl shows to those whom a log concerns: that a receipt is under
# an anchor; to an owner, what a server withholds or rewrites; and logs of
# several tiles, some of them in cold storage.

# workers: 4

use lib 't/lib';
use PServer;
use PServer::Jobs;
use PServer::Tool;

use Digest::SHA qw( sha256 sha256_hex );
use File::Path qw( make_path );
use HTTP::Tiny;
use IO::Socket::INET;
use MIME::Base64 qw( encode_base64 decode_base64 );

our $log = state_dir() . '/shown';
our $work = state_dir() . '/shown-work';
make_path($work);

our $chain = fixtures()->{chain};
our $audit = "$log contract=$chain->{contracts}{anchor} sender="
    . wallet('owner2')->{address} . " chain=$chain->{chainId}";

# the same twice: nginx is started anew, and asks the chain

our ($config, $again) = map {
    config(pserver_operation => offers('word_count'),
        pserver_audit => $audit, more => "
        location /log/ { pserver audit; }
        location = /$_ { return 204; }
")
} qw( first again );

our $url = 'http://127.0.0.1:' . port() . '/log';
our $between = 'http://127.0.0.1:' . port(7);


sub rpc { fixtures()->{chain}{rpc} || 'http://127.0.0.1:' . port(5) }

# what it says, and how it ends

sub says {
    my ($status, $like, $name, @command) = @_;
    my ($got, $text) = ctl(@command);

    is($got, $status, $name) or diag($text);
    like($text, $like, "$name: said");
}

sub verify { ('audit', 'verify', '--log-key', "$work/key", @_) }


sub get {
    my $path = shift;
    my $answer = http('GET', "/log/$path");

    die "$path: $answer->{status}" if $answer->{status} != 200;

    return $answer->{content};
}

sub size { (split /\n/, get('checkpoint'))[1] }


# a request that stores something, and sending it

sub write_request {
    my $body = json({ n => $::n++ });

    return { body => $body, authorization => web3signed('owner1', 'POST',
        '/v1/data/demo.shown', undef, bodyHash => 'sha256:'
            . sha256_hex($body)) };
}

sub send_request {
    my ($to, $request) = @_;

    return HTTP::Tiny->new->post("$to/v1/data/demo.shown", {
        headers => { 'Content-Type' => 'application/json',
            Authorization => $request->{authorization} },
        content => $request->{body} })->{status};
}

# until the public log has them

sub grow {
    my $n = shift;
    my $size = size();
    my $here = 'http://127.0.0.1:' . port();

    is(send_request($here, write_request()), 201, 'stored') for 1 .. $n;
    wait_for { size() >= $size + $n };
}


# A server that stands before the real one and shows the owner another list
# of entries, or everybody the log of a folder:
#
#   between(edit => 'hide', at => 17);     the list without entry 17
#   between(log => $folder);

sub between { put("$work/between", json({ @_ })) }

sub list_of {
    my ($headers) = @_;
    my $answer = HTTP::Tiny->new->get('http://127.0.0.1:' . port()
        . '/v1/access-logs?openings=1&limit=500', { headers => $headers });

    return json($answer->{content});
}

# the byte at a place of a member, in base64, is another one

sub change {
    my ($entry, $name, $at) = @_;
    my $bytes = decode_base64($entry->{$name});

    substr($bytes, $at, 1) ^= "\1";
    $entry->{$name} = encode_base64($bytes, '');
}

sub edit {
    my ($list, $mode) = @_;
    my $edit = $mode->{edit} || '';
    my $logs = $list->{logs};
    my ($at) = grep { $logs->[$_]{logId} eq ($mode->{at} || 0) } 0 .. $#$logs;

    splice @$logs, $at, 1 if $edit =~ /^hide/;
    change($logs->[$at], 'opening', 0) if $edit eq 'link';
    change($logs->[$at], 'opening', 40) if $edit eq 'opening';
    change($logs->[$at], 'entry', 15) if $edit eq 'entry';
    $logs->[$at]{entry} = 'AAAA' if $edit eq 'no_entry';
    push @$logs, $mode->{entry} if $edit eq 'older';
    unshift @$logs, $mode->{entry} if $edit eq 'newer';

    $list->{total} = @$logs if $edit ne 'hide_uncounted';
}

sub answer_between {
    my ($path, $query, $headers) = @_;
    my $mode = json(slurp("$work/between"));

    return slurp("$mode->{log}/$1")
        if $mode->{log} && $path =~ m{^/log/(.*)};
    return HTTP::Tiny->new->get('http://127.0.0.1:' . port() . $path)
        ->{content} if $path =~ m{^/log/};

    if (my $request = shift @{$mode->{writes} || []}) {
        send_request('http://127.0.0.1:' . port(), $request);
        between(%$mode);
    }

    my ($limit, $offset) = map { $query =~ /$_=(\d+)/ } qw( limit offset );
    my $list = list_of($headers);

    edit($list, $mode);

    my @page = splice @{$list->{logs}}, $offset, $limit;

    return json({ %$list, logs => \@page, limit => $limit,
        offset => $offset });
}

sub serve_between {
    my $client = shift;
    my $head = '';

    while ($head !~ /\r\n\r\n\z/) {
        sysread $client, $head, 1, length $head or return;
    }

    my ($path, $query) = $head =~ m{^GET ([^ ?]+)\??(\S*)};
    my ($signed) = $head =~ /^Authorization: (.*)\r$/mi;
    my $text = eval { answer_between($path, $query,
        $signed ? { Authorization => $signed } : {}) };

    print $client 'HTTP/1.1 ' . (defined $text ? '200 OK' : '404 No')
        . "\r\nConnection: close\r\nContent-Length: "
        . length($text // '') . "\r\n\r\n" . ($text // '');
    close $client;
}

my ($tester, $between_pid) = $$;

sub start_between {
    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
        LocalPort => port(7), Listen => 64, ReuseAddr => 1) or die $!;

    $between_pid = fork;
    die $! if !defined $between_pid;

    while (!$between_pid) {
        my $client = $listen->accept or next;
        serve_between($client);
    }
}

END {
    if ($between_pid && $$ == $tester) {
        local $?;
        kill KILL => $between_pid;
        waitpid $between_pid, 0;
    }
}


# a log of fewer than 256 entries, made anew by who has a key

sub root_of {
    my @leaves = @_;

    return $leaves[0] if @leaves == 1;

    my $k = 1;
    $k *= 2 while 2 * $k < @leaves;

    return sha256("\1" . root_of(@leaves[0 .. $k - 1])
        . root_of(@leaves[$k .. $#leaves]));
}

sub make_log {
    my ($dir, @entries) = @_;
    my @lines = split /\n/, get('checkpoint');
    my @anchors = grep { /^anchor / } @lines;
    my $name = $lines[0];
    my $n = @entries;
    my @leaves = map { sha256("\0$_") } @entries;

    make_path("$dir/tile/0/000.p", "$dir/tile/entries/000.p");
    put("$dir/tile/0/000.p/$n", join '', @leaves);
    put("$dir/tile/entries/000.p/$n", pack '(n/a)*', @entries);

    system('openssl', 'genpkey', '-algorithm', 'ed25519', '-out',
        "$work/signer") == 0 or die if !-s "$work/signer";

    my $public = "\1" . substr `openssl pkey -in $work/signer -pubout -outform DER`, -32;
    my $id = substr sha256("$name\n$public"), 0, 4;
    my $text = join '', map { "$_\n" } $name, $n,
        encode_base64(root_of(@leaves), ''), @anchors;

    put("$work/text", $text);
    my $signature = `openssl pkeyutl -sign -rawin -inkey $work/signer -in $work/text`;

    put("$dir/key", join('+', $name, unpack('H*', $id),
        encode_base64($public, '')) . "\n");
    put("$dir/checkpoint", "$text\n\xe2\x80\x94 $name "
        . encode_base64($id . $signature, '') . "\n");
}


# a log of the bench

sub fill {
    my ($dir, $n) = @_;

    system(root_dir() . '/build/bench/audit', 'fill', $dir, $n) == 0 or die;
}


system('make', '-s', '-C', root_dir(), 'build/bench/audit') == 0 or die;
start_between();

run_tests();

__DATA__

=== TEST 1: a receipt that is not under an anchor yet
--- config eval: $::config
--- script
wait_for { http('GET', '/log/checkpoint')->{status} == 200 };
put("$work/key", get('key'));
put("$work/sender", wallet('owner2')->{key});
put("$work/owner", wallet('owner1')->{key});

is(store_data('owner1', 'demo.messages', example('export.json'))->{status},
    201, 'stored');
$V{id} = start_job('app1', fresh('ok'))->{json}{id};
put("$work/answer", finish('app1', $V{id})->{content});
$V{entry} = json(slurp("$work/answer"))->{receipt}{entry};
ok($V{entry}, 'a receipt');
ok(wait_for { size() > $V{entry} }, 'its entry is public');

my @proof = ('operation', 'proof', '--key', "$work/app", '--entry', $V{entry},
    '--aud', origin(), 'http://127.0.0.1:' . port(), $V{id});
put("$work/app", wallet('app1')->{key});
my ($status, $text) = ctl(@proof);
is($status, 0, 'its proof') or diag($text);
put("$work/proof", $text);

our @receipt = ('receipt', 'verify', '--log-key', "$work/key", '--proof',
    "$work/proof");
our @ask = @proof;
says(0, qr/^the log has this entry, among \d+ that were signed\nnot under an anchor yet$/m,
    'not yet', @receipt, "$work/answer");

says(0, qr/entries are anchored$/, 'anchored', 'audit', 'anchor', '--key',
    "$work/sender", '--log-key', "$work/key", '--rpc', rpc(),
    '--confirmations', 0, $url);



=== TEST 2: and one that is
--- config eval: $::again
--- script
my ($status, $text);
ok(wait_for { ($status, $text) = ctl(@ask); $text =~ /"anchor":\{/ },
    'the node has heard of the anchor') or diag($text);
put("$work/proof", $text);

says(0, qr/^and under an anchor of \d+, which --rpc looks for$/m, 'anchored',
    @receipt, "$work/answer");
says(0, qr/^and under an anchor of \d+, which is on chain$/m, 'on chain',
    @receipt, '--rpc', rpc(), "$work/answer");
says(1, qr/the anchor of \d+ entries is not on chain/, 'not where it is looked for',
    @receipt, '--rpc', rpc(), '--from-block', 1_000_000, "$work/answer");
says(3, qr/the node can't be asked/, 'no node', @receipt, '--rpc',
    'http://127.0.0.1:1', "$work/answer");

put("$work/proof", $text =~ s/("anchor":\{"size":)(\d+)/$1 . ($2 - 1)/er);
says(1, qr/anchor/, 'an anchor that is none', @receipt, "$work/answer");



=== TEST 3: what an owner is not shown, or is shown and is not the owner's
--- config eval: $::again
--- script
grow(8);
my @owner = ('--key', "$work/owner", '--aud', origin());
my @logs = @{list_of({ Authorization => web3signed('owner1', 'GET',
    '/v1/access-logs') })->{logs}};
my ($first, $middle, $last) = map { $_->{logId} } @logs[-1, 4, 0];
my ($start) = unpack 'n/a', get("tile/entries/000.p/@{[ size() ]}");
my $none = { logId => 0, entry => encode_base64($start, ''), opening => '' };

my $with = sub {
    my ($status, $like, $name, %mode) = @_;

    between(%mode);
    says($status, $like, $name, verify(@owner, "$between/log"));
};

$with->(0, qr/^@{[ scalar @logs ]} entries are the owner's, none is withheld$/m, 'all');
$with->(1, qr/entry $_->[0] is the owner's and is withheld/, "$_->[1] withheld",
    edit => 'hide', at => $_->[0])
    for [$first, 'the first'], [$middle, 'one'], [$last, 'the last'];
$with->(1, qr/entry $middle is the owner's and is withheld/,
    'withheld, and counted', edit => 'hide_uncounted', at => $middle);
$with->(1, qr/entry $middle is not what the owner is shown/, "another $_",
    edit => $_, at => $middle) for qw( entry opening );
$with->(1, qr/entry $middle does not follow the owner's entry before/,
    'another link', edit => 'link', at => $middle);
$with->(1, qr/what the owner is shown is no entry/, 'rubbish',
    edit => 'no_entry', at => $middle);
$with->(1, qr/entry 0 is shown to the owner and is not the owner's in the log/,
    "one that is nobody's, $_", edit => $_, entry => $none)
    for qw( older newer );

# who has the log's key writes it anew, without the owner's keys

my @entries = unpack '(n/a)*', get("tile/entries/000.p/@{[ size() ]}");
make_log("$work/anew", @entries);
put("$work/anew.key", slurp("$work/anew/key"));

my @verify = ('audit', 'verify', '--log-key', "$work/anew.key", @owner,
    "$between/log");
between(log => "$work/anew");
says(0, qr/none is withheld/, 'the same, signed by another key', @verify);
says(1, qr/of another log/, 'which is not that of this log',
    verify("$between/log"));

substr($entries[$middle], -64) = "\0" x 64;
make_log("$work/anew", @entries);
between(log => "$work/anew", edit => 'hide', at => $middle);
my ($next) = map { $_->{logId} } $logs[3];
my $n = @logs - 4;
says(1, qr/entry $next is number @{[ $n + 1 ]} of the owner's, and number $n is not in the log before it/,
    "an entry that is the owner's no more", @verify);
says(0, qr/^pserver\/\w+: \d+ entries, nothing changed/, 'others see nothing',
    'audit', 'verify', '--log-key', "$work/anew.key", "$between/log");



=== TEST 4: an owner of many entries, while others come
--- config eval: $::again
--- script
my @owner = ('--key', "$work/owner", '--aud', origin());
between();
grow(215);
says(0, qr/^2\d\d entries are the owner's, none is withheld$/m, 'several pages',
    verify(@owner, "$between/log"));

between(writes => [ map { write_request() } 1 .. 6 ]);
says(0, qr/^2\d\d entries are the owner's, none is withheld$/m,
    'one more at each question', verify(@owner, "$between/log"));
is(scalar @{json(slurp("$work/between"))->{writes}} < 5, 1, 'which were sent');

my @logs = @{list_of({ Authorization => web3signed('owner1', 'GET',
    '/v1/access-logs') })->{logs}};
for (3, @logs - 3) {
    my $hidden = $logs[$_]{logId};

    wait_for { size() > $hidden };
    between(edit => 'hide', at => $hidden);
    says(1, qr/entry $hidden is the owner's and is withheld/, 'withheld',
        verify(@owner, "$between/log"));
}

between(edit => 'hide_uncounted', at => $logs[3]{logId});
says(1, qr/entry $logs[3]{logId} is the owner's and is withheld|fewer entries than the server counts: one from/,
    'withheld, and counted', verify(@owner, "$between/log"));



=== TEST 5: several tiles, and some of them in cold storage
--- config eval: $::again
--- script
my ($dir, $cold) = ("$work/tiles", "$work/cold");
fill($dir, 600);
put("$work/then", slurp("$dir/public/checkpoint"));
fill($dir, 200);

my @verify = ('audit', 'verify', '--log-key', "$dir/public/key", '--with',
    "$work/then", "$dir/public");
says(0, qr/800 entries, nothing changed/, 'whole', @verify);

# an entry and its hash: the level above

my $tile = "$dir/public/tile/0/001";
my $bundle = "$dir/public/tile/entries/001";
my ($hashes, $entries) = (slurp($tile), slurp($bundle));
my @list = unpack '(n/a)*', $entries;
substr($list[7], -1) ^= "\1";
put($bundle, pack '(n/a)*', @list);
says(1, qr/entry 263 was changed/, 'changed', @verify);
my $other = $hashes;
substr($other, 7 * 32, 32) = sha256("\0$list[7]");
put($tile, $other);
says(1, qr/one of the entries 256 to 511 was changed/, 'with its hash', @verify);
put($tile, $hashes);
put($bundle, $entries);

# moved away

make_path("$cold/tile/entries", "$cold/tile/0");
rename "$dir/public/tile/entries/$_", "$cold/tile/entries/$_" or die $!
    for qw( 000 001 );
rename "$dir/public/tile/0/000", "$cold/tile/0/000" or die $!;
says(1, qr/tile\/0\/000 is withheld, from entry 0 on/, 'not there', @verify);
says(0, qr/800 entries, nothing changed/, 'in a folder', @verify, '--tiles', $cold);
between(log => $cold);
says(0, qr/800 entries, nothing changed/, 'at a URL', @verify, '--tiles',
    "$between/log");
says(3, qr/^pserverctl: tile\/0\/000: /, 'which is down', @verify, '--tiles',
    'http://127.0.0.1:1');

substr($entries, -1) ^= "\1";
put("$cold/tile/entries/001", $entries);
says(1, qr/entry 511 was changed/, 'changed there', @verify, '--tiles', $cold);



=== TEST 6: how far it has come, on a terminal
--- config eval: $::again
--- script
my $dir = "$work/shown";
fill($dir, 5000);
my $text = `script -qec "@{[ root_dir() ]}/build/bin/pserverctl audit verify --log-key $dir/public/key $dir/public" /dev/null < /dev/null`;
like($text, qr/\r\[={32} {8}\] 4096 of 5000\r\[={40}\] 5000 of 5000\r?\n/, 'a bar');
like($text, qr/5000 entries, nothing changed/, 'and what came of it');
