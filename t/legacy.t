# What older clients of the protocol have sealed, stored by pserverctl.
#
# workers: 1

use lib 't/lib';
use PServer;
use PServer::Store;

use MIME::Base64 qw( decode_base64 );

our $state = state_dir();

# the owner of the vectors, whose key is 1

our $key = '0x' . '0' x 63 . '1';
our $owner = '0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf';
our $vector = json(slurp(root_dir() . '/t/vectors/openpgp.json'));
our %scopes = map { ("$_->{owner} $_->{scope}" => $_) }
    @{ json(slurp(root_dir() . '/t/vectors/scope-key.json'))->{cases} };

sub write_file {
    my ($path, $bytes) = @_;
    open my $out, '>:raw', $path or die "$path: $!";
    print $out $bytes;
    close $out or die $!;
    return $path;
}

sub ctl {
    my ($command, @args) = @_;

    local $ENV{PSERVER_KEY} = $V{key} || $key;
    my $text = join ' ', map { "'$_'" } root_dir() . '/build/bin/pserverctl',
        split(/ /, $command), '--aud', origin(),
        'http://127.0.0.1:' . port(), @args;

    my $out = qx($text 2>$state/err);
    chomp $out;

    return ($? >> 8, $out, slurp("$state/err"));
}

# a message under this passphrase, which the old clients' programs open

sub sealed {
    my ($passphrase, $text) = @_;

    write_file("$state/plain", $text);
    write_file("$state/passphrase", $passphrase);
    unlink "$state/sealed";

    # for whom it is does not matter to the message

    my $ctl = root_dir() . '/build/bin/pserverctl';
    my $for = wallet('app1')->{publicKey};
    system("$ctl encrypt --for $for --passphrase $state/passphrase "
        . "--output $state/sealed $state/plain >/dev/null") == 0 or die;

    return "$state/sealed";
}

run_tests();

__DATA__

=== TEST 1: a file of an older client
--- config eval: main::config(pserver_owner => $main::owner)
--- script
my $file = write_file("$state/message", decode_base64($vector->{message}));

my ($status, $out, $err) = ctl('data import', 'instagram.profile', $file);
is($status, 0, 'stored') or diag($err);
like($out, qr/"scope":"instagram.profile".*"status":"stored"/, 'the answer');

($status, $out) = ctl('data get', 'instagram.profile');
is($status, 0, 'read');

is_deeply(json($out)->{data}, { username => 'alice' },
    'what was in its envelope');

# the same by a signature that a wallet has made

my $case = $scopes{"$owner instagram.profile"};
my $master = write_file("$state/master", "$case->{masterSignature}\n");
is((ctl('data import', 'instagram.profile', $file, '--master', $master))[0],
    0, 'by the master signature');

(my $other) = map { $_->{masterSignature} } grep { $_->{owner} ne $owner }
    values %scopes;
write_file($master, $other);
($status, undef, $err) = ctl('data import', 'instagram.profile', $file,
    '--master', $master);
is($status, 1, "another owner's");
like($err, qr/sealed for another scope or by another owner/, 'says so');

write_file($master, '0x12');
is((ctl('data import', 'instagram.profile', $file, '--master', $master))[0],
    1, 'no signature');


=== TEST 2: each scope has a key of its own
--- config eval: main::config(pserver_owner => $main::owner)
--- script
for my $name (sort grep { /^$owner / } keys %scopes) {
    my ($scope, $passphrase) = @{ $scopes{$name} }{qw( scope passphrase )};

    my $file = sealed($passphrase, qq({"of":"$scope"}));
    my ($status, undef, $err) = ctl('data import', $scope, $file);
    is($status, 0, $scope) or diag($err);
    is(json((ctl('data get', $scope))[1])->{data}{of}, $scope, 'is there');

    ($status, undef, $err) = ctl('data import', 'another.scope', $file);
    is($status, 1, 'not for another');
}

my $passphrase = $scopes{"$owner a.b"}{passphrase};

my %envelope = (version => '1.0', scope => 'a.b',
    collectedAt => '2025-01-01T00:00:00Z', data => { in => 1 });
is((ctl('data import', 'a.b', sealed($passphrase, json(\%envelope))))[0], 0,
    'an envelope');
is_deeply(json((ctl('data get', 'a.b'))[1])->{data}, { in => 1 },
    'its data are stored');

$envelope{scope} = 'a.c';
my ($status, undef, $err) = ctl('data import', 'a.b',
    sealed($passphrase, json(\%envelope)));
is($status, 1, 'of another scope');
like($err, qr/its envelope is of another scope/, 'says so');

# what is not JSON

my $file = sealed($passphrase, "\0\1binary");
($status, undef, $err) = ctl('data import', 'a.b', $file);
is($status, 1, 'no JSON');
like($err, qr/--type/, 'says what to do');
is((ctl('data import', 'a.b', $file, '--type', 'application/x-old'))[0], 0,
    'with its type');
is((ctl('data get', 'a.b', '--raw'))[1], "\0\1binary", 'as it was');

is((ctl('data import', 'no scope', $file))[0], 1, 'no scope');
is((ctl('data import', 'a.b', "$state/plain"))[0], 1, 'no message');

my $bytes = slurp($file);
substr($bytes, -3, 1) ^= "\1";
is((ctl('data import', 'a.b', write_file("$state/bad", $bytes)))[0], 1,
    'changed');
