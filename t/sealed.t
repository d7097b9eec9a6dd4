# workers: 1
#
# What the module has sealed opens by docs/sealed-format.md alone, whatever
# its length: t/vectors/sealed.py was written from it, in another language.
# The other way round: t/manifest.t, t/unit/seal_test.c.

use lib 't/lib';
use PServer;
use PServer::Store;

use Digest::SHA qw( sha256 sha256_hex );


# what the script finds in an owner's folder, undef if it refuses

sub opened {
    my $state = state_dir();
    my $answer = qx(python3 t/vectors/sealed.py read $state/root @{[ fixtures()->{chain}{chainId} ]} @{[ owner_dir('owner1') ]} 2> $state/refused);

    return $? ? undef : json($answer)->{versions};
}

sub noise {
    my $n = shift;
    return substr join('', map { sha256("sealed $_") } 0 .. $n / 32), 0, $n;
}

our %binary = (
    'bin.empty' => 0, 'bin.one' => 1, 'bin.less' => 65535,
    'bin.chunk' => 65536, 'bin.more' => 65537, 'bin.many' => 700_000,
    'bin.full' => 4 * 65536,
);

run_tests();

__DATA__

=== TEST 1: what the module has sealed
--- script
my $text = qq({"caf\xc3\xa9": [1.50, "two"]});

post('owner1', '/v1/data/json.first', $text);
post('owner1', '/v1/data/json.first', '{"second":true}');

for my $scope (sort keys %binary) {
    is post('owner1', "/v1/data/$scope", noise($binary{$scope}), {
        'Content-Type' => 'x/y', 'X-Filename' => 'a "b".png' })->{status}, 201,
        "$scope is stored";
}

my %found = map { ("$_->{scope} $_->{number}" => $_) } @{ opened() || [] };

is keys %found, 2 + keys %binary, 'each opens';

for (sort keys %binary) {
    my $one = $found{"$_ 1"};
    is_deeply [ @$one{qw( kind length sha256 )} ],
        [ 2, $binary{$_}, sha256_hex(noise($binary{$_})) ], $_;
}

is $found{'json.first 1'}{sha256}, sha256_hex($text), 'JSON';
is $found{'json.first 1'}{kind}, 1, 'kind';
is $found{'json.first 2'}{sha256}, sha256_hex('{"second":true}'),
    'its second version';

# a bit less, and the script says so

my ($file) = glob owner_dir('owner1') . '/objects/*/00000002';
my $good = slurp($file);

open my $out, '+<:raw', $file or die;
seek $out, 4100, 0;
print $out chr(1 ^ ord substr $good, 4100, 1);
close $out;

is opened(), undef, 'a changed one does not';

open $out, '>:raw', $file or die;
print $out $good;
close $out;

ok opened(), 'as it was';
