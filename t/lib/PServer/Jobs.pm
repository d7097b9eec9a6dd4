package PServer::Jobs;

# Operations as an app sees them, for the suites about them.

use strict;
use warnings;

use Exporter qw( import );

use PServer::Client;
use PServer::Config;
use PServer::World;

our @EXPORT = qw( store_data start_job fresh permit status_of running
    finish seen_by cancel_job rows offers example );


*Test::Base::Filter::offers = \&offers;


my %json = ('Content-Type' => 'application/json');


# a file of docker/examples

sub example {
    my $name = shift;

    open my $in, '<:raw', root_dir() . "/docker/examples/$name"
        or die "$name: $!";
    local $/;
    return <$in>;
}


# the owner stores a scope; the answer

sub store_data {
    my ($owner, $scope, $text) = @_;
    my $uri = "/v1/data/$scope";

    return http('POST', $uri, {
        %json, Authorization => web3signed($owner, 'POST', $uri, $text),
    }, $text);
}


# start_job('app1', { permission_id => 7 }): the answer

sub start_job {
    my ($app, $request) = @_;

    return http('POST', '/api/v1/operations', { %json },
        operation($app, $request));
}


# a permission of its own, like "ok", to be revoked: its id

sub permit {
    my $ok = fixtures()->{permissions}{ok};

    return chain('add-permission', 'owner1', fixtures()->{grantees}{app1},
        "ipfs://$ok->{cid}", @{$ok->{fileIds}})->{permissionId};
}


# a request for a permission (name or id) that is no repeat of another

my $nonce = 0;

sub fresh {
    my $name = shift;

    return { permission_id => $name =~ /^\d+$/ ? $name : permission($name),
        exp => time + 100,
        nonce => $$ . '-' . ++$nonce };
}


sub status_of {
    my ($wallet, $id) = @_;
    my $uri = "/api/v1/operations/$id";

    return http('GET', $uri, defined $wallet
        ? { Authorization => web3signed($wallet, 'GET', $uri) } : {});
}


# true once its container runs

sub running {
    my ($wallet, $id) = @_;

    return wait_for {
        my $answer = status_of($wallet, $id);
        $answer->{status} == 200 && $answer->{json}{status} eq 'processing';
    } 15;
}


# the status once it is a terminal one

sub finish {
    my ($wallet, $id, $seconds) = @_;
    my $answer;

    wait_for {
        $answer = status_of($wallet, $id);
        $answer->{status} != 200
            || $answer->{json}{status} !~ /^(?:starting|processing)$/;
    } $seconds || 30;

    return $answer;
}


# what an operation of "test_data" saw: { path => content }, or how it failed

sub seen_by {
    my $s = finish('app1', shift)->{json};
    my $result = $s->{result} || {};

    return { map { $_ => pack 'H*', $result->{$_} } keys %$result }
        if $s->{status} eq 'succeeded';

    return "$s->{status} $result->{error}{reason}";
}


sub cancel_job {
    my ($wallet, $id) = @_;
    my $uri = "/api/v1/operations/$id/cancel";

    return http('POST', $uri, {
        Authorization => web3signed($wallet, 'POST', $uri, ''),
    }, '');
}


# how many jobs the ledger has, of all owners

sub rows {
    return scalar grep { m{/[0-9a-f]{64}$} }
        glob state_dir() . '/store/owners/*/jobs/*';
}


# offers('exit', 'timeout=2s'): "word_count", which the grants name, is in
# truth another of the images; more parameters replace the usual ones

sub offers {
    my ($image, %set) = @_;
    my %p = (memory => '64m', cpus => 1, timeout => '20s',
        PServer::Config::processes(), %set);

    return "word_count image=" . image($image)
        . join '', map { " $_=$p{$_}" } sort keys %p;
}


1;
