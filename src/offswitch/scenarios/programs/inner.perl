#!/usr/bin/env perl
# Put one line to the desk and print what it answers.
use strict;
use warnings;
use File::Basename;

chdir dirname($0) . "/.." or exit 1;
open(my $request, ">", "@queue@/request") or exit 1;
print $request "@ARGV\n";
close($request);
open(my $reply, "<", "@queue@/reply") or exit 1;
my @told = <$reply>;
open(my $record, ">>", "@record@") or exit 1;
print $record $told[0] // "\n";
print @told;
