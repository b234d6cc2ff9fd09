using IommuSpy.Memory;

namespace IommuSpy.Linux.Kallsyms;

/// <summary>The form in which one kernel keeps its symbols, as found by trying and checking, never by version.</summary>
/// <param name="Order">Where the addresses lie.</param>
/// <param name="Rule">How an entry becomes an address.</param>
/// <param name="RelativeBase">kallsyms_relative_base, for the two rules that have one.</param>
/// <param name="MarkerSize">Bytes of a marker and of num_syms: 8 before 4.20, 4 since.</param>
/// <param name="HasLongNames">Whether some name is longer than 127 tokens, with its length in two bytes (possible since 6.1).</param>
public sealed record KallsymsFormat(KallsymsOrder Order, AddressRule Rule, VirtualAddress? RelativeBase, int MarkerSize, bool HasLongNames)
{
    /// <summary>One line in words, such as "6.4 order, 32-bit offsets relative to 0xffffffff81000000, absolute-percpu, 32-bit markers".</summary>
    public override string ToString()
    {
        string order = Order == KallsymsOrder.AddressesFirst ? "pre-6.4 order" : "6.4 order";
        string rule = Rule switch
        {
            AddressRule.Absolute => "64-bit addresses",
            AddressRule.BaseRelative => $"32-bit offsets relative to {RelativeBase}",
            AddressRule.AbsolutePercpu => $"32-bit offsets relative to {RelativeBase}, absolute-percpu",
            _ => "32-bit offsets relative to their own place",
        };
        return $"{order}, {rule}, {MarkerSize * 8}-bit markers{(HasLongNames ? ", long names" : "")}";
    }
}
