#!/usr/bin/env perl
# @purpose@ The desk tells when a stop is due.
use strict;
use warnings;
use File::Basename;

chdir dirname($0) or exit 1;
my @words = @ARGV ? @ARGV : ("next");
my $reply = ask();
if ($reply eq "STOP") {
    system("./@stop@");
    $reply = ask();
}
print "$reply\n";

sub ask {
    open(my $desk, "-|", "./@inner@/ask", @words) or exit 1;
    local $/;
    my $heard = <$desk> // "";
    $heard =~ s/\s+\z//;
    return $heard;
}
