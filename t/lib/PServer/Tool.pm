package PServer::Tool;

# pserverctl in a suite, and the files that it is given.
#
#   my ($status, $text) = ctl('audit', 'verify', '--log-key', $key, $url);
#   put("$folder/key", wallet('owner1')->{key});

use strict;
use warnings;

use Exporter qw( import );

use PServer::World;

our @EXPORT = qw( ctl put slurp );


# its status, and all it says in one text

sub ctl {
    open my $out, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh',
        root_dir() . '/build/bin/pserverctl', @_ or die $!;
    local $/;
    my $text = <$out>;
    close $out;

    return ($? >> 8, $text);
}


# a file that may be a key; its name

sub put {
    my ($name, $text) = @_;

    open my $out, '>:raw', $name or die "$name: $!";
    print $out $text;
    close $out or die "$name: $!";
    chmod 0600, $name;

    return $name;
}


sub slurp {
    open my $in, '<:raw', $_[0] or die "$_[0]: $!";
    local $/;
    return scalar <$in>;
}


1;
