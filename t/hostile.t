# workers: 1
#
# A disk that changes, cuts, exchanges what it was given, or has something
# else in its place: no wrong byte goes out, the log names the file, and
# nobody waits for it.

use lib 't/lib';
use PServer;
use PServer::Store;

use Digest::SHA qw( sha256 );
use IO::Socket::INET;
use Socket qw( SOCK_STREAM );
use Time::HiRes qw( sleep time );


# bytes that are the same each time

sub noise {
    my ($n, $seed) = @_;
    return substr join('', map { sha256("$seed $_") } 0 .. $n / 32), 0, $n;
}

# puts bytes into a scope; the path of the file that has them now

my $nonce = 0;

sub stored {
    my ($wallet, $scope, $bytes) = @_;
    my %before = map { $_ => 1 } objects($wallet);

    my $path = "/v1/data/$scope";
    my $r = http('POST', $path, { 'Content-Type' => 'x/y', Authorization =>
        auth($wallet, 'POST', $path, $bytes, nonce => '' . ++$nonce) }, $bytes);

    Test::More::is($r->{status}, 201, "$scope is stored");

    my ($file) = grep { !$before{$_} } objects($wallet);
    return $file;
}

sub objects { glob owner_dir(shift) . '/objects/*/*' }

sub write_file {
    my ($path, $bytes) = @_;

    open my $out, '>:raw', $path or die "$path: $!";
    print $out $bytes;
    close $out or die "$path: $!";
}

# as the server calls it in its log

sub name_of { shift =~ m{/store/(owners/.*)} ? $1 : die }

sub error_log { slurp("$ENV{TEST_NGINX_SERVROOT}/logs/error.log") }

# how often the log says this of a file

sub said {
    my $name = name_of(shift);
    return () = error_log() =~ /does not open: "\Q$name\E"/g;
}


# Asks, and reads until the connection ends: status and what came as a body.
# A GET may be repeated, so each wallet and path is signed once.

our %signed;

sub raw {
    my ($wallet, $uri, @headers) = @_;
    (my $path = $uri) =~ s/\?.*//;

    my $auth = $signed{"$wallet $path"} ||= auth($wallet, 'GET', $path);
    my $s = connection();

    print $s join("\r\n", "GET $uri HTTP/1.1", 'Host: x',
        "Authorization: $auth", 'Connection: close', @headers, '', '');

    my $answer = do { local $/; <$s> };
    $answer = '' if !defined $answer;

    my ($head, $body) = split /\r\n\r\n/, $answer, 2;

    return ($head =~ m{^HTTP/1\.1 (\d+)} ? $1 : 0, $body, $head);
}

sub connection {
    my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . port(),
        Timeout => 10) or die "connect: $!";
    $s->autoflush(1);
    setsockopt $s, Socket::SOL_SOCKET(), Socket::SO_RCVTIMEO(),
        pack 'l!l!', 10, 0;
    return $s;
}


# What a changed file may give: an error, or the beginning of what was stored.
# The words for what it was.

sub outcome {
    my ($status, $body, $head, $right) = @_;

    if ($status == 500) {
        return $body =~ /"DECRYPTION_ERROR"/ && index($body, $right) < 0
            ? 'refused' : "500 with $body";
    }

    return "status $status" if $status != 200 && $status != 206;

    my ($announced) = $head =~ /^Content-Length: (\d+)/mi;

    return 'a wrong byte' if substr($right, 0, length $body) ne $body;
    return 'whole' if length $body == $announced;
    return 'cut';
}

# counts outcomes: { refused => 7, .. }

sub outcomes {
    my %count;
    $count{$_}++ for @_;
    return \%count;
}


# with a file changed by the block: what a read of all of it gives

sub with_change {
    my ($file, $good, $uri, $change) = @_;
    my $bytes = $good;

    write_file($file, $change->($bytes));
    my @answer = raw('owner1', $uri);
    write_file($file, $good);

    return @answer;
}

sub flipped {
    my ($bytes, $at, $bit) = @_;
    substr($bytes, $at, 1) ^= chr(1 << ($bit || 0));
    return $bytes;
}

our $HEADER = 4096;
our $BLOCK = 65552;

run_tests();

__DATA__

=== TEST 1: each byte of a header, and of a small object
--- script
my $plain = noise(40, 'small');
my $file = stored('owner1', 'hostile.small', $plain);
my $uri = '/v1/data/hostile.small?content=raw';
my $good = slurp($file);

is length $good, $HEADER + 40 + 16, 'length';

# all that is not sealed, and the ends of what is: wrapped key, commitment,
# number; metadata and tag; chunk and tag

my @at = (0 .. 223, map({ 224 + 97 * $_ } 0 .. 39), 4079 .. 4095,
    4096 .. 4096 + 55);

my @got = map {
    my $at = $_;
    outcome(with_change($file, $good, $uri, sub {
        flipped($_[0], $at, $at % 8) }), $plain)
} @at;

is_deeply outcomes(@got), { refused => scalar @at }, 'each is refused';
is said($file), scalar @at, 'and the log says which file it is';

# through the envelope, and for who asks for the header alone

my $changed = flipped($good, 4096 + 3);
write_file($file, $changed);
is get('owner1', '/v1/data/hostile.small')->{status}, 500, 'envelope';
is ask('owner1', 'HEAD', $uri)->{status}, 500, 'HEAD';
write_file($file, $good);

is outcome(raw('owner1', $uri), $plain), 'whole', 'as it was, it opens';
unlike error_log(), qr/\Q$plain\E/, 'no plaintext is in the log';


=== TEST 2: each chunk of a large one
--- script
my $plain = noise(7 * 65536 + 1000, 'large');
my $file = stored('owner1', 'hostile.large', $plain);
my $uri = '/v1/data/hostile.large?content=raw';
my $good = slurp($file);

$V{large} = [ $file, $plain ];

for my $chunk (0 .. 7) {
    my $start = $HEADER + $chunk * $BLOCK;
    my $end = $chunk == 7 ? length $good : $start + $BLOCK;
    my $said = said($file);

    # its first byte, one within, its last, and of the tag the first and last

    my @at = ($start, $start + 500, $end - 17, $end - 16, $end - 1);
    my (@got, $longest);

    for my $at (@at) {
        my @answer = with_change($file, $good, $uri,
            sub { flipped($_[0], $at, $at % 8) });

        push @got, outcome(@answer, $plain);
        $longest = 1 if $got[-1] eq 'cut'
            && length $answer[1] > $chunk * 65536;
    }

    # that the last one and the first ones open is known before anything is
    # said

    is_deeply outcomes(@got), { $chunk == 7 || $chunk < 3 ? 'refused' : 'cut',
        5 }, "chunk $chunk";
    ok !$longest, 'nothing of it goes out';
    is said($file) - $said, 5, 'the log names the file';
}

# what does not touch a bad chunk is as good as ever

write_file($file, flipped($good, $HEADER + 5 * $BLOCK + 9));

for ([0, 327679], [393216, 459751], [400000, 400010]) {
    my ($from, $to) = @$_;
    my ($status, $body) = raw('owner1', $uri, "Range: bytes=$from-$to");

    ok $status == 206 && $body eq substr($plain, $from, $to - $from + 1),
        "$from-$to beside it";
}

my @answer = raw('owner1', $uri, 'Range: bytes=196600-400000');
is outcome(@answer, substr $plain, 196600), 'cut', 'a range into it';
cmp_ok length $answer[1], '<=', 327680 - 196600, 'ends before it';

@answer = raw('owner1', '/v1/data/hostile.large');
like $answer[1], qr/^\{"version"/, 'the envelope begins';
unlike $answer[1], qr/\}$/, 'and breaks off';

write_file($file, $good);
is outcome(raw('owner1', $uri), $plain), 'whole', 'as it was';


=== TEST 3: cut and grown, at each boundary
--- script
my ($file, $plain) = @{$V{large}};
my $uri = '/v1/data/hostile.large?content=raw';
my $good = slurp($file);
my $size = length $good;

my %at = map { $_ => 1 } map { ($_ - 1, $_, $_ + 1, $_ + 15, $_ + 16) }
    0, 8, 10, 12, 32, 64, 80, 112, 184, 216, 224, 4080,
    map { $HEADER + $_ * $BLOCK } 0 .. 7;

my @at = grep { $_ >= 0 && $_ < $size } (keys %at, $size - 1);
my $said = said($file);

my @got = map {
    my $at = $_;
    outcome(with_change($file, $good, $uri, sub { substr $_[0], 0, $at }),
        $plain)
} @at;

is_deeply outcomes(@got), { refused => scalar @at }, 'cut: ' . @at;
is said($file) - $said, scalar @at, 'the log names it each time';

my @more = ("\0", "\0" x 16, "\0" x $BLOCK, substr($good, -1016),
    substr($good, $HEADER, $BLOCK));

@got = map {
    my $more = $_;
    outcome(with_change($file, $good, $uri, sub { $_[0] . $more }), $plain)
} @more;

is_deeply outcomes(@got), { refused => scalar @more }, 'grown';

# a hole behind it, a hole in its place, and a header before a hole

for my $size ('1T', '100G') {
    for my $keep ($good, '', substr($good, 0, $HEADER)) {
        write_file($file, $keep);
        system('truncate', '-s', $size, $file) == 0 or die;

        is outcome(raw('owner1', $uri), $plain), 'refused',
            "$size behind " . length $keep;
    }
}

write_file($file, $good);
is outcome(raw('owner1', $uri), $plain), 'whole', 'as it was';


=== TEST 4: chunks exchanged
--- script
my ($file, $plain) = @{$V{large}};
my $uri = '/v1/data/hostile.large?content=raw';
my $good = slurp($file);

my $chunk = sub { substr $_[0], $HEADER + $_[1] * $BLOCK, $BLOCK };
my $place = sub {
    my ($bytes, $i, $with) = @_;
    substr($bytes, $HEADER + $i * $BLOCK, $BLOCK) = $with;
    return $bytes;
};

my @got;

for my $i (0 .. 6) {
    for my $j (0 .. $i - 1) {
        push @got, outcome(with_change($file, $good, $uri, sub {
            $place->($place->($_[0], $i, $chunk->($_[0], $j)), $j,
                $chunk->($_[0], $i)) }), $plain);
    }

    push @got, outcome(with_change($file, $good, $uri, sub {
        $place->($_[0], $i, $chunk->($_[0], ($i + 1) % 7)) }), $plain);
}

is_deeply outcomes(@got), { refused => 18, cut => 10 },
    'each with each; one twice';

# one of another version of the same, at its place; and the same bytes again

my $other = stored('owner1', 'hostile.large', $plain);
my $theirs = slurp($other);

@got = map {
    my $i = $_;
    outcome(with_change($other, $theirs, $uri, sub {
        $place->($_[0], $i, $chunk->($good, $i)) }), $plain)
} 0 .. 7;

is_deeply outcomes(@got), { cut => 4, refused => 4 }, "another version's";

# a header with the chunks of the other

@got = outcome(with_change($other, $theirs, $uri, sub {
    substr($theirs, 0, $HEADER) . substr $good, $HEADER }), $plain);
is_deeply \@got, [ 'refused' ], 'a header of another';


=== TEST 5: files exchanged
--- script
my $plain = noise(500, 'same');
my $one = stored('owner1', 'hostile.one', $plain);
my $two = stored('owner1', 'hostile.two', $plain);
my $next = stored('owner1', 'hostile.two', $plain);
my $theirs = stored('owner2', 'hostile.one', $plain);
my $good = slurp($one);
my $uri = '/v1/data/hostile.one?content=raw';

for ([ 'another scope', $two ], [ 'another version', $next ],
     [ "another owner's", $theirs ])
{
    my ($what, $from) = @$_;
    my $bytes = slurp($from);
    my $said = said($one);

    is outcome(with_change($one, $good, $uri, sub { $bytes }), $plain),
        'refused', $what;
    is said($one) - $said, 1, 'said';
}

# one version in the place of the other, and under a number of its own

my ($first, $second) = (slurp($two), slurp($next));

write_file($two, $second);
write_file($next, $first);
is outcome(raw('owner1', "/v1/data/hostile.two?content=raw&fileId=$_"), $plain),
    'refused', "version $_ is the other one" for 1, 2;
write_file($two, $first);
write_file($next, $second);

(my $nine = $two) =~ s/00000001$/00000009/;
link $two, $nine or die;
is outcome(raw('owner1', '/v1/data/hostile.two?content=raw'), $plain),
    'whole', 'an old one as the latest: the manifest does not have it';
unlink $nine;

# names that no version has

for my $name (qw( 1 0000003 00000000 000000003 0000000x -0000001 .00000003 )) {
    (my $path = $two) =~ s{[^/]+$}{$name};
    link $two, $path or die;
    is outcome(raw('owner1', '/v1/data/hostile.two?content=raw'), $plain),
        'whole', "\"$name\" is none";
    unlink $path;
}

# a key file, and a whole folder, of another owner

my ($mine, $other) = map { owner_dir($_) } qw( owner1 owner2 );

rename "$mine/owner.key", "$mine/kept" or die;
write_file("$mine/owner.key", slurp("$other/owner.key"));
chmod 0644, "$mine/owner.key";
is outcome(raw('owner1', $uri), $plain), 'refused', "another's keys";
is said("$mine/owner.key"), 1, 'said';
is post('owner1', '/v1/data/hostile.one', '{}')->{status}, 500,
    'nothing is sealed under them';

for ('', 'PSVRKEYS', flipped(slurp("$mine/kept"), 170), slurp("$mine/kept") . 'x') {
    write_file("$mine/owner.key", $_);
    is outcome(raw('owner1', $uri), $plain), 'refused', 'no keys';
}

rename "$mine/kept", "$mine/owner.key" or die;
is outcome(raw('owner1', $uri), $plain), 'whole', 'its own again';

rename $mine, "$mine.kept" or die;
rename $other, $mine or die;
is outcome(raw('owner1', $uri), $plain), 'refused', "another's folder";
is ask('owner1', 'GET', '/v1/data')->{status}, 500, 'nothing to list';
rename $mine, $other or die;
rename "$mine.kept", $mine or die;
is outcome(raw('owner1', $uri), $plain), 'whole', 'each its own again';


=== TEST 6: something else in a file's place
--- script
my $plain = noise(100, 'place');
my $file = stored('owner1', 'hostile.place', $plain);
my $uri = '/v1/data/hostile.place?content=raw';
my ($folder) = $file =~ m{(.*)/};
my $dir = owner_dir('owner1');
my $outside = state_dir() . '/outside';

stored('owner2', 'hostile.other', $plain);
mkdir $outside or die;
chmod 0777, $outside;

# each is made in the place of a path and taken away again

my %make = (
    'a link to what it was' => sub { symlink "$_[0].kept", $_[0] },
    'a link to nowhere' => sub { symlink '/no/such', $_[0] },
    'a link to itself' => sub { symlink $_[0], $_[0] },
    'a FIFO' => sub { system('mkfifo', '-m', '666', $_[0]) == 0 },
    'a folder' => sub { mkdir $_[0] },
    'a device' => sub { system('mknod', '-m', '666', $_[0], qw( c 1 5 )) == 0 },
    'a socket' => sub { IO::Socket::UNIX->new(Local => $_[0], Listen => 1) },
);

my $instead = sub {
    my ($what, $path, $code) = @_;

    rename $path, "$path.kept" or die "$path: $!";

    # the path of a socket is at most as long as its address

    if ($what eq 'a socket') {
        my $s = $make{$what}->(state_dir() . '/s');
        rename state_dir() . '/s', $path or die "$path: $!";
        close $s;

    } else {
        $make{$what}->($path) or die "$what: $!";
    }

    $code->();

    -d $path && !-l $path ? rmdir $path : unlink $path;
    rename "$path.kept", $path or die "$path: $!";
};

for my $what (sort keys %make) {

    $instead->($what, $file, sub {
        my $began = time;

        is outcome(raw('owner1', $uri), $plain), 'refused', "$what: a read";
        is outcome(raw('owner1', "$uri&fileId=1"), $plain), 'refused', 'of it';

        my $r = get('owner1', '/v1/data?scopePrefix=hostile.');
        is $r->{status}, 200, 'a list';
        is scalar(grep { $_->{scope} eq 'hostile.place' }
            @{ $r->{json}{scopes} }), 0, 'goes without it';

        is outcome(raw('owner2', '/v1/data/hostile.other?content=raw'),
            $plain), 'whole', 'and others are served';
        cmp_ok time - $began, '<', 5, 'at once';
    });
}

is said($file), 2 * keys %make, 'the log names it';

for my $what ('a link to what it was', 'a FIFO', 'a device', 'a socket') {

    $instead->($what, $folder, sub {
        is outcome(raw('owner1', $uri), $plain), 'refused',
            "$what: the object's folder";
        is post('owner1', '/v1/data/hostile.place', noise(10, $what),
            { 'Content-Type' => 'x/y' })->{status}, 500, 'no version goes in';

        my $r = get('owner1', '/v1/data?scopePrefix=hostile.');
        is $r->{status}, 200, 'a list';
        is scalar(grep { $_->{scope} eq 'hostile.place' }
            @{ $r->{json}{scopes} }), 0, 'goes without it';
    });

    $instead->($what, "$dir/owner.key", sub {
        is outcome(raw('owner1', $uri), $plain), 'refused', "$what: keys";
    });

    # the folders that the server makes

    for my $name (qw( objects tmp seen )) {
        $instead->($what, "$dir/$name", sub {
            is outcome(raw('owner1', $uri), $plain), 'refused',
                "$what: $name" if $name eq 'objects';
            is post('owner1', '/v1/data/hostile.place', noise(11, "$what $name"),
                { 'Content-Type' => 'x/y' })->{status}, 500, "$name: no post";
        });
    }
}

# a whole owner elsewhere

$instead->('a link to what it was', $dir, sub {
    is outcome(raw('owner1', $uri), $plain), 'refused', 'the owner is a link';
});

is outcome(raw('owner1', $uri), $plain), 'whole', 'as it was';

# a deletion takes the link, and not what it leads to

write_file("$outside/00000001", 'not ours');
rename $folder, "$folder.kept" or die;
symlink $outside, $folder or die;
is ask('owner1', 'DELETE', '/v1/data/hostile.place')->{status}, 204, 'deleted';
ok !-l $folder, 'the link is gone';
is slurp("$outside/00000001"), 'not ours', 'what it led to is there';
is join(' ', map { s{.*/}{}r } glob "$outside/*"), '00000001',
    'nothing was put there';


=== TEST 7: changed while it goes out
--- script
my ($file, $plain) = @{$V{large}};
$plain = noise(65536, 'slow') x 256;    # more than sockets hold
$file = stored('owner1', 'hostile.slow', $plain);
my $uri = '/v1/data/hostile.slow?content=raw';
my $good = slurp($file);

for (
    [ 'cut', sub { truncate $file, $HEADER + 250 * $BLOCK } ],
    [ 'empty', sub { truncate $file, 0 } ],
    [ 'overwritten', sub { write_file($file, 'x' x length $good) } ],
    [ 'one bit', sub { write_file($file, flipped($good, -70000)) } ],
) {
    my ($what, $change) = @$_;
    my $s = connection();
    my $auth = auth('owner1', 'GET', '/v1/data/hostile.slow');

    print $s "GET $uri HTTP/1.0\r\nAuthorization: $auth\r\n\r\n";
    sysread $s, my $begin, 1000;
    sleep 0.1;
    $change->();

    my $rest = do { local $/; <$s> };
    my ($head, $body) = split /\r\n\r\n/, $begin . $rest, 2;

    is outcome($head =~ m{ (\d+)}, $body, $head, $plain), 'cut', $what;

    write_file($file, $good);
}

is said($file), 4, 'the log names it';
is outcome(raw('owner1', $uri), $plain), 'whole', 'as it was';


=== TEST 8: over HTTP/2
--- http_config eval
main::http_config(more => 'server { listen ' . main::port(8) . " http2;\n"
    . main::config() . '}')
--- config eval: main::config()
--- script
my ($file, $plain) = @{$V{large}};
my $good = slurp($file);
my $auth = auth('owner1', 'GET', '/v1/data/hostile.large');
my $out = state_dir() . '/body';
my $url = 'http://127.0.0.1:' . port(8)
    . '/v1/data/hostile.large?content=raw&fileId=1';

my $curl = sub {
    my $said = qx(curl -s -o $out -w '%{http_version} %{http_code}' --http2-prior-knowledge -H 'Authorization: $auth' '$url');
    return ($said, $? >> 8, slurp($out));
};

is_deeply [ ($curl->())[0, 1] ], [ '2 200', 0 ], 'whole';

write_file($file, flipped($good, $HEADER + 5 * $BLOCK + 7));
my ($said, $status, $body) = $curl->();

is $said, '2 200', 'it begins';
is $status, 92, 'and the stream is reset';
ok $body eq substr($plain, 0, length $body), 'no wrong byte';
cmp_ok length $body, '<=', 5 * 65536, 'nothing from there on';

write_file($file, flipped($good, 300));
($said, $status, $body) = $curl->();

is $said, '2 500', 'a header';
write_file($file, $good);
