package PServer::Store;

# The data API as an owner sees it, and a look at what is on the disk.

use strict;
use warnings;

use Digest::SHA qw( sha256_hex );
use Exporter qw( import );
use File::Find;

use PServer::Client;
use PServer::Config;
use PServer::World;

our @EXPORT = qw( ask auth post get owner_dir owner_dir_in all_files slurp );


# the answer to a signed request of a wallet

sub ask {
    my ($wallet, $method, $uri, $body, $headers) = @_;
    (my $path = $uri) =~ s/\?.*//;

    return http($method, $uri,
        { Authorization => auth($wallet, $method, $path, $body),
          defined $body ? ('Content-Type' => 'application/json') : (),
          %{ $headers || {} } }, $body);
}

# for a body of bytes, which are not sent to the signer

sub auth {
    my ($wallet, $method, $path, $body, %claims) = @_;

    return web3signed($wallet, $method, $path, undef,
        bodyHash => 'sha256:' . sha256_hex(defined $body ? $body : ''),
        %claims);
}

sub post { ask(shift, 'POST', @_) }
sub get  { my ($w, $u, $h) = @_; ask($w, 'GET', $u, undef, $h) }


sub owner_dir_in {
    my ($store, $wallet) = @_;

    return state_dir() . "/$store/owners/"
        . lc substr wallet($wallet)->{address}, 2;
}

sub owner_dir { owner_dir_in('store', shift) }


sub all_files {
    my $dir = shift;
    my @found;

    find({ no_chdir => 1, wanted => sub { push @found, $_ if -f } }, $dir)
        if -d $dir;

    return @found;
}


sub slurp {
    open my $in, '<:raw', $_[0] or die "$_[0]: $!";
    local $/;
    return <$in>;
}


1;
