package PServer::World;

# What stands around the server in a test run: the cast (owners, apps, files,
# permissions: scripts/lib/fixtures.mjs), the chain, the engine.

use strict;
use warnings;

use Carp qw( croak );
use Cwd ();
use Digest::SHA qw( sha256_hex );
use Exporter qw( import );
use IPC::Open2 qw( open2 );
use JSON::PP;

our @EXPORT = qw( root_dir test_dir origin wallet permission file_id
    fixtures image images chain web3signed signed operation sign_text json );


(my $root = __FILE__) =~ s{/?t/lib/PServer/World\.pm$}{};
$root = '.' if $root eq '';
$root = Cwd::abs_path($root);

my $codec = JSON::PP->new->canonical->utf8->allow_nonref;

my ($fixtures, $images, $to_chain, $from_chain, $chain_pid);


sub root_dir { $root }

sub test_dir { $ENV{PSERVER_TEST_DIR} || "$root/build/test" }

sub json { @_ && ref $_[0] ? $codec->encode($_[0]) : $codec->decode($_[0]) }


sub slurp_json {
    my $path = shift;

    open my $in, '<', $path
        or croak "$path: $! (run the suites by scripts/test)";
    local $/;
    return $codec->decode(<$in>);
}


sub fixtures { $fixtures ||= slurp_json(test_dir() . '/fixtures.json') }

sub images { $images ||= slurp_json(test_dir() . '/images.json') }

sub origin { fixtures()->{origin} }


# image('word_count'): the digest of an example operation's image

sub image {
    my $name = shift;

    return images()->{$name} || croak "there is no image \"$name\"";
}


# wallet('app1'): { key, address, publicKey }

sub wallet {
    my $name = shift;

    return fixtures()->{wallets}{$name} || croak "no wallet \"$name\"";
}


# permission('ok'): its id on the chain

sub permission {
    my $name = shift;
    my $permission = fixtures()->{permissions}{$name};

    return $permission ? $permission->{id} : croak "no permission \"$name\"";
}


sub file_id {
    my $name = shift;
    my $file = fixtures()->{files}{$name};

    return $file ? $file->{id} : croak "no file \"$name\"";
}


# chain('revoke', 'owner1', 7): a command of scripts/chain.mjs, which stays
# open for the whole suite; the answer, or it dies with the error

sub chain {
    my ($command, @args) = @_;

    if (!$chain_pid) {
        my $dir = $ENV{CHAIN_DIR} || test_dir() . '/chain';

        $chain_pid = open2($from_chain, $to_chain, 'node',
            "$root/scripts/chain.mjs", '--dir', $dir, 'batch');
        $to_chain->autoflush(1);
    }

    print $to_chain $codec->encode([ $command, @args ]), "\n";

    my $line = <$from_chain>;
    croak "chain.mjs ended" if !defined $line;

    my $answer = $codec->decode($line);
    croak "$command: $answer->{error}" if exists $answer->{error};

    return $answer;
}


my $owner_pid = $$;

END {
    if ($chain_pid && $$ == $owner_pid) {
        local $?;
        close $to_chain;
        waitpid $chain_pid, 0;
    }
}


# The value of Authorization.  Claims override: an undefined one is not
# there.  web3signed('app1', 'GET', '/v1/data/a.b', undef, grantId => '7')

sub web3signed {
    my ($wallet, $method, $uri, $body, %claims) = @_;

    # a body is bytes, which JSON to the signer could not carry

    %claims = (bodyHash => 'sha256:' . sha256_hex(defined $body ? $body : ''),
        %claims);

    return chain('web3signed', $wallet, $method, origin(), $uri, '',
        \%claims)->{authorization};
}


# the same as a header's line, for --- more_headers

sub signed { 'Authorization: ' . web3signed(@_) }


sub sign_text {
    my ($wallet, $text) = @_;

    return chain('sign', $wallet, $text)->{signature};
}


# The body of POST /api/v1/operations.  The request is a text, which is sent
# as it is, or a hash: operation('app1', { permission_id => 7 })

sub operation {
    my ($wallet, $request) = @_;

    my $text = ref $request ? $codec->encode($request) : $request;

    return $codec->encode({
        app_signature          => sign_text($wallet, $text),
        operation_request_json => $text,
    });
}


1;
