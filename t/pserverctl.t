#!/usr/bin/perl

# pserverctl without a server: keys, signatures, secrets, the command line.

use strict;
use warnings;

use Digest::SHA qw( sha256_hex );
use File::Path qw( make_path );
use File::Temp qw( tempdir );
use JSON::PP;
use MIME::Base64 qw( decode_base64url );
use Test::More;

my $ctl = './build/bin/pserverctl';
my $dir = tempdir(CLEANUP => 1);

my $key = '0x' . '0' x 63 . '1';
my $address = '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf';

delete $ENV{PSERVER_KEY};


# ctl([ARGUMENT..], INPUT): status, stdout, stderr

sub ctl {
    my ($args, $input) = @_;

    write_file("$dir/in", defined $input ? $input : '');

    my $pid = fork;
    die "fork: $!" if !defined $pid;

    if ($pid == 0) {
        open STDIN, '<', "$dir/in" or die;
        open STDOUT, '>', "$dir/out" or die;
        open STDERR, '>', "$dir/err" or die;
        exec $ctl, @$args;
        exit 127;
    }

    waitpid $pid, 0;

    return ($? >> 8, read_file("$dir/out"), read_file("$dir/err"));
}

sub read_file {
    my ($name) = @_;

    open my $f, '<:raw', $name or die "$name: $!";
    local $/;
    return scalar <$f>;
}

sub write_file {
    my ($name, $text) = @_;

    open my $f, '>:raw', $name or die "$name: $!";
    print $f $text;
    close $f;

    return $name;
}

sub vectors { decode_json(read_file("t/vectors/$_[0].json")) }


# succeeds(NAME, ARGUMENTS, INPUT): stdout, without the line end

sub succeeds {
    my ($name, $args, $input) = @_;
    my ($status, $out, $err) = ctl($args, $input);

    is($status, 0, "$name: status");
    is($err, '', "$name: nothing on stderr");
    chomp $out;

    return $out;
}

sub fails {
    my ($name, $expected, $args, $message) = @_;
    my ($status, $out, $err) = ctl($args);

    is($status, $expected, "$name: status");
    is($out, '', "$name: nothing on stdout");
    like($err, $message, "$name: message");
}

sub payload {
    my ($header) = @_;
    my ($text) = $header =~ /^Web3Signed ([\w-]+)\.0x[0-9a-f]{130}$/;

    return decode_json(decode_base64url($text));
}


# keys

is(succeeds('address', [ 'address', '--key', $key ]), $address, 'address');

for my $text ($key, "$key\n", substr($key, 2) . "\r\n") {
    my $file = write_file("$dir/key", $text);

    is(succeeds('key file', [ 'address', '--key', $file ]), $address,
       'the key of a file');

    local $ENV{PSERVER_KEY} = $file;
    is(succeeds('PSERVER_KEY', [ 'address' ]), $address,
       'a file of the environment');
}

{
    local $ENV{PSERVER_KEY} = $key;
    is(succeeds('PSERVER_KEY', [ 'address' ]), $address,
       'a key of the environment');
}

fails('no key', 2, [ 'address' ], qr/no key: give --key FILE/);
fails('key 0', 1, [ 'address', '--key', '0x' . '0' x 64 ], qr/order/);
fails('short key', 1, [ 'address', '--key', '0x12' ], qr/64 hex digits/);
fails('no such file', 1, [ 'address', '--key', "$dir/none" ],
      qr/none: No such file/);
fails('another file', 1, [ 'address', '--key', 't/vectors/README.md' ],
      qr/one line of 64 hex digits/);


# signatures

for my $case (@{ vectors('eip191')->{cases} }) {
    next if $case->{text} =~ /\0/ || length $case->{text} > 2000;

    my $text = $case->{text};
    utf8::encode($text);

    is(succeeds('sign text', [ 'sign', 'text', '--key', $case->{privateKey},
                               '--text', $text ]),
       $case->{signature}, 'the signature of ethers');
}

my ($zero) = grep { $_->{text} =~ /\0/ } @{ vectors('eip191')->{cases} };

is(succeeds('sign stdin', [ 'sign', 'text', '--key', $zero->{privateKey} ],
            $zero->{text}),
   $zero->{signature}, 'the signature of a text with a zero');

for my $case (@{ vectors('eip712')->{cases} }) {
    my ($domain, $message) = ($case->{domain}, $case->{message});

    is(succeeds('sign permission',
                [ 'sign', 'permission', '--key', $case->{privateKey},
                  '--contract', $domain->{verifyingContract},
                  '--chain-id', $domain->{chainId},
                  '--nonce', $message->{nonce},
                  '--grantee-id', $message->{granteeId},
                  '--grant', $message->{grant},
                  '--file-ids', join(',', @{ $message->{fileIds} }) ]),
       $case->{signature}, 'the permission as the contract takes it');
}


# requests

my ($plain) = @{ vectors('web3signed')->{cases} };

my @plain = ('sign', 'web3signed', '--key', $key, '--iat', 1700000000,
             '--exp', 1700000300);

is(succeeds('options', [ @plain, '--aud', $plain->{aud}, '--method', 'GET',
                         '--uri', $plain->{uri} ]),
   $plain->{authorization}, 'the header of ethers');

is(succeeds('URL', [ @plain, 'GET', "$plain->{aud}$plain->{uri}?at=1#x" ]),
   $plain->{authorization}, 'the same from a URL');

is_deeply(payload(succeeds('all', [ @plain, '--grant-id', '7', '--nonce',
                                    'n', '--body', 'abc', 'POST',
                                    'https://me/v1/data/a.b' ])),
          { aud => 'https://me', method => 'POST', uri => '/v1/data/a.b',
            bodyHash => 'sha256:' . sha256_hex('abc'), grantId => '7',
            nonce => 'n', iat => 1700000000, exp => 1700000300 },
          'every claim');

write_file("$dir/body", 'abc' x 100000);

is(payload(succeeds('body', [ @plain, '--body-file', "$dir/body", 'POST',
                              'https://me' ]))->{bodyHash},
   'sha256:' . sha256_hex('abc' x 100000), 'the hash of a file');

my $now = payload(succeeds('now', [ 'sign', 'web3signed', '--key', $key,
                                    '--ttl', 60, 'GET', 'https://me' ]));

ok(abs($now->{iat} - time) <= 5, 'iat is now');
is($now->{exp} - $now->{iat}, 60, 'exp by --ttl');
is($now->{uri}, '/', 'the path of a bare origin');

fails('no URL', 2, [ @plain ], qr/METHOD URL, or/);
fails('no scheme', 2, [ @plain, 'GET', 'me/v1' ], qr/no http or https URL/);
fails('two bodies', 2, [ @plain, '--body', 'a', '--body-file', 'b', 'GET',
                         'https://me' ], qr/exclude/);
fails('no time', 2, [ 'sign', 'web3signed', '--key', $key, '--iat', 'x',
                      'GET', 'https://me' ], qr/--iat: "x" is no number/);


# operations

my ($op) = grep { $_->{text} eq '{"permission_id": 1024}' }
    @{ vectors('eip191')->{cases} };

is_deeply(decode_json(succeeds('text', [ 'sign', 'operation', '--key',
                                         $op->{privateKey}, '--text',
                                         $op->{text} ])),
          { app_signature => $op->{signature},
            operation_request_json => $op->{text} }, 'a text as it is');

is(decode_json(succeeds('members',
        [ 'sign', 'operation', '--key', $key, '--permission-id', 7,
          '--operation', 'word"count', '--parameters', '{"a":[1]}', '--aud',
          'https://me', '--chain-id', 1480, '--nonce', 'n', '--exp', 17 ]))
   ->{operation_request_json},
   '{"permission_id":7,"operation":"word\"count","parameters":{"a":[1]},'
   . '"aud":"https://me","chain_id":1480,"nonce":"n","exp":17}',
   'every member');

is(decode_json(succeeds('big', [ 'sign', 'operation', '--key', $key,
                                 '--permission-id', '1' . '0' x 20 ]))
   ->{operation_request_json}, '{"permission_id":"1' . '0' x 20 . '"}',
   'a great id is a string');

my @operation = ('sign', 'operation', '--key', $key);

fails('no id', 2, [ @operation ], qr/--permission-id is missing/);
fails('id 0', 2, [ @operation, '--permission-id', 0 ],
      qr/permission_id must be greater than 0/);
fails('no JSON', 2, [ @operation, '--permission-id', 1, '--parameters',
                      '{a}' ], qr/not JSON/);


# secrets

my $secrets = "$dir/secrets";

umask 0;

is(succeeds('init', [ 'init', $secrets ]),
   "$secrets/identity\n$secrets/root", 'init says what it made');

my $identity = read_file("$secrets/identity");
my $root = read_file("$secrets/root");

like($identity, qr/^[a-z]+(?: [a-z]+){23}\n$/, '24 words');
like($root, qr/^1 [0-9a-f]{64}\n$/, 'a root with its id');

is((stat "$secrets/$_")[2] & 07777, 0600, "mode of $_")
    for qw( identity root );
is((stat $secrets)[2] & 07777, 0700, 'mode of the folder');


# rotation of the root: never without the one in use

my $roots = "$dir/root";
my $first = '1 ' . 'ab' x 32 . "\n";
write_file($roots, $first);
chmod 0640, $roots;

is(succeeds('root add', [ 'root', 'add', $roots ]), '2', 'root add: its id');
like(read_file($roots), qr/\A$first\Q2 \E[0-9a-f]{64}\n\z/, 'is the last');
my $second = (split /^/, read_file($roots))[1];
isnt($second, '2 ' . 'ab' x 32 . "\n", 'and random');

fails('the one in use', 1, [ 'root', 'remove', $roots, 1 ], qr/is in use/);
fails('none', 1, [ 'root', 'use', $roots, 3 ], qr/has no root 3/);
fails('no id', 1, [ 'root', 'use', $roots, '02' ], qr/has no root 02/);
is(read_file($roots), $first . $second, 'nothing has changed');

succeeds('root use', [ 'root', 'use', $roots, 2 ]);
is(read_file($roots), $second . $first, 'root use: it is the first');
succeeds('root use again', [ 'root', 'use', $roots, 2 ]);
is(read_file($roots), $second . $first, 'as it was');
is(succeeds('root add', [ 'root', 'add', $roots ]), '3', 'the next id');
my $third = (split /^/, read_file($roots))[2];
succeeds('root remove', [ 'root', 'remove', $roots, 1 ]);
is(read_file($roots), $second . $third, 'root remove: it is gone');
is((stat $roots)[2] & 0777, 0640, 'the mode is as it was');
ok(!-e "$roots.new", 'nothing is left over');

write_file($roots, "1 xyz\n");
fails('no root', 1, [ 'root', 'add', $roots ], qr/line 1 is no root/);
is(read_file($roots), "1 xyz\n", 'nor made one');
write_file($roots, $first);
write_file("$roots.new", 'of another');
fails('at the same time', 1, [ 'root', 'add', $roots ], qr/root\.new: File exists/);
is(read_file($roots), $first, 'nothing is lost');
write_file($roots, join '', map { "$_ " . 'ab' x 32 . "\n" } 1 .. 16);
fails('too many', 1, [ 'root', 'add', $roots ], qr/16 roots already/);

fails('init twice', 1, [ 'init', $secrets ], qr/is not written over/);

unlink "$secrets/identity";

fails('init of a half', 1, [ 'init', $secrets ], qr/root is already there/);
ok(!-e "$secrets/identity", 'and nothing is made');
is(read_file("$secrets/root"), $root, 'or changed');

fails('init nowhere', 1, [ 'init', "$dir/no/where" ], qr/No such file/);

succeeds('init again', [ 'init', "$dir/others" ]);
isnt(read_file("$dir/others/identity"), $identity, 'another phrase');
isnt(read_file("$dir/others/root"), $root, 'another root');


# doctor

my $host = "$dir/host";
my $block = "$host/sys/dev/block";

make_path("$host/proc", "$host/dev", "$block/8:2", "$block/253:0/dm",
    "$block/253:1/dm", "$block/253:1/slaves", "$block/9:0/slaves");
write_file("$block/253:0/dm/uuid", "CRYPT-PLAIN-cryptswap\n");
write_file("$block/253:1/dm/uuid", "LVM-0123\n");
symlink "$block/253:0", "$block/253:1/slaves/dm-0";
symlink "$block/253:0", "$block/9:0/slaves/dm-0";
symlink "$block/8:2", "$block/9:0/slaves/sda2";

# device nodes are root's to make

my $root_user = $> == 0;

if ($root_user) {
    system('mknod', "$host/dev/$_->[0]", 'b', @$_[1, 2])
        for [ 'sda2', 8, 2 ], [ 'dm-0', 253, 0 ], [ 'dm-1', 253, 1 ],
            [ 'md0', 9, 0 ];
}

sub doctor_swap {
    write_file("$host/proc/swaps",
        "Filename\tType\tSize\tUsed\tPriority\n"
        . join '', map { "$_ partition 8 0 -2\n" } @_);

    my ($status, $out) = ctl([ 'doctor', '--host', $host ]);
    return "$status $out";
}

is(doctor_swap(), "0 ok    there is no swap\n", 'no swap');
is(doctor_swap('/dev/zram0'), "0 ok    swap is encrypted, or memory\n",
   'swap in memory');
like(doctor_swap('/no/such'), qr{^1 FAULT /no/such is swap, and not enc},
     'swap that is not to be found');

SKIP: {
    skip 'not root', 4 if !$root_user;

    like(doctor_swap('/dev/sda2'), qr{^1 FAULT /dev/sda2 is swap, and not},
         'a partition');
    like(doctor_swap('/dev/dm-0', '/dev/dm-1'), qr/^0 ok    swap is encr/,
         'dm-crypt, and a volume on it');
    like(doctor_swap('/dev/dm-0', '/dev/sda2'), qr{^1 FAULT /dev/sda2 },
         'one of two');
    like(doctor_swap('/dev/md0'), qr{^1 FAULT /dev/md0 },
         'an array, half of it encrypted');
}

like(join(' ', ctl([ 'doctor', '--host', "$dir/nowhere" ])),
     qr{^1 FAULT $dir/nowhere/proc/swaps: No such file}, 'no list of swap');

doctor_swap();

sub doctor {
    my ($status, $out) = ctl([ 'doctor', '--host', $host, @_ ]);
    return $status . join '', map { "\n$_" } grep { !/swap/ }
        split /\n/, $out;
}

my @secrets = ('--secrets', "$dir/others");

is(doctor(@secrets), "0\nok    $dir/others is its owner's alone\n"
   . "ok    $dir/others/identity is its owner's alone\n"
   . "ok    $dir/others/root is its owner's alone", 'secrets');

chmod 0640, "$dir/others/root";
like(doctor(@secrets), qr{^1\n.*FAULT $dir/others/root holds a secret, and others .* \(mode 0640\): chmod 600$}s,
     'a loose secret');
chmod 0600, "$dir/others/root";

chmod 0711, "$dir/others";
like(doctor(@secrets), qr{^1\nFAULT others than its owner have rights in $dir/others \(mode 0711\)},
     'a loose folder');
chmod 0700, "$dir/others";

rename "$dir/others/root", "$dir/others/kept";
like(doctor(@secrets), qr{FAULT $dir/others/root: No such file}, 'none');
symlink "$dir/others/kept", "$dir/others/root";
like(doctor(@secrets), qr{FAULT $dir/others/root is no file}, 'a link');
unlink "$dir/others/root";
rename "$dir/others/kept", "$dir/others/root";

make_path("$dir/data/store", "$dir/data/log");
chmod 0700, "$dir/data/store";
chmod 0755, "$dir/data/log";
like(doctor(@secrets, '--store', "$dir/data/store", '--log', "$dir/data/log"),
     qr{^1\n(?:ok .*\n){3}FAULT $dir/others and $dir/data/store are on one file system.*\nok    $dir/data/store is.*\nFAULT others than its owner have rights in $dir/data/log },
     'one disk for both, and a loose log');

write_file("$dir/pid", "$$\n");
like(doctor('--pid', "$dir/pid"), qr{^1\n.*FAULT worker \d+ runs as root}s,
     'a child that is root') if $root_user;
write_file("$dir/pid", "x\n");
like(doctor('--pid', "$dir/pid"), qr{^1\nFAULT $dir/pid has no process id},
     'no process');
like(doctor('--engine', "$dir/no.sock"), qr{^1\nFAULT $dir/no.sock does not},
     'no engine');


# files for elsewhere; t/inputs.t has a server open them

my $server = vectors('identity')->{cases}[0]{publicKey}
    || die 'no public key';
my @encrypt = ('encrypt', '--for', $server, '--output', "$dir/message");

write_file("$dir/plain", "a file\n");
write_file("$dir/passphrase", "open sesame\n");

like(succeeds('encrypt', [ @encrypt, "$dir/plain" ]), qr/^(?:[0-9a-f]{2})+$/,
     'the box');
isnt(succeeds('again', [ @encrypt[0 .. 3], "$dir/second", "$dir/plain" ]),
     undef, 'another');
is(length read_file("$dir/message"), 74 + 7, 'a message');
unlike(read_file("$dir/message"), qr/a file/, 'nothing can be read in it');
isnt(read_file("$dir/message"), read_file("$dir/second"), 'each is another');

fails('no second time', 1, [ @encrypt, "$dir/plain" ], qr/message: File exists/);
fails('no server', 2, [ 'encrypt', '--output', "$dir/x", "$dir/plain" ],
      qr/--for is missing/);
fails('no key', 2, [ 'encrypt', '--for', '0x04', '--output', "$dir/x",
                     "$dir/plain" ], qr/0x04 and 128 hex digits/);
fails('no point', 1, [ 'encrypt', '--for', '0x04' . 'ff' x 64, '--output',
                       "$dir/x", "$dir/plain" ], qr/no point/);
ok(!-e "$dir/x", 'and no message without its box');

write_file("$dir/empty", "\n");
fails('no passphrase', 1, [ @encrypt[0 .. 3], "$dir/x", '--passphrase',
                            "$dir/empty", "$dir/plain" ],
      qr/there is no passphrase in it/);


# the command line

my (undef, $overview) = ctl([ '--help' ]);

for my $command ($overview =~ /^  ([a-z]+(?: [a-z0-9]+)?)  /mg) {
    my $help = succeeds("$command --help", [ split(/ /, $command),
                                             '--help' ]);
    like($help, qr/^usage: pserverctl \Q$command\E /, "$command --help");
}

fails('nothing', 2, [], qr/^usage: pserverctl COMMAND/);
fails('no command', 2, [ 'frobnicate', 'it' ],
      qr/no command "frobnicate it"/);
fails('no option', 2, [ 'address', '--frob' ], qr/no option --frob/);
fails('no value', 2, [ 'address', '--key' ], qr/--key needs a value/);
fails('twice', 2, [ 'address', '--key=a', '--key=b' ], qr/given twice/);
fails('too much', 2, [ 'address', 'x' ], qr/"x" is too much/);
fails('too little', 2, [ 'init' ], qr/something missing/);

{
    my ($status, $out, $err) = ctl([ 'init', '--', '--help/x' ]);

    is($status, 1, '-- ends options');
    like($err, qr{--help/x: }, 'and what follows is an argument');
}

{
    my $full = system("$ctl address --key $key > /dev/full 2> $dir/err");

    is($full >> 8, 1, 'a full disk: status');
    like(read_file("$dir/err"), qr/stdout could not be written/,
         'a full disk: message');
}

done_testing();
