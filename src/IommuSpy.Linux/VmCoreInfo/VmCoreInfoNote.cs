using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using IommuSpy.Memory;
namespace IommuSpy.Linux.VmCoreInfo;
public sealed record VmCoreInfoNote(IReadOnlyDictionary<string,string> Lines)
{
    public string? OsRelease => Lines.GetValueOrDefault("OSRELEASE");
    public ulong? KernelOffset => Lines.TryGetValue("KERNELOFFSET", out var s) ? ulong.Parse(s, NumberStyles.HexNumber, CultureInfo.InvariantCulture) : null;
    public long? Number(string n) => Lines.TryGetValue($"NUMBER({n})", out var s) ? long.Parse(s, CultureInfo.InvariantCulture) : null;
    public long? Size(string n) => Lines.TryGetValue($"SIZE({n})", out var s) ? long.Parse(s, CultureInfo.InvariantCulture) : null;
    public VirtualAddress? Symbol(string n) => Lines.TryGetValue($"SYMBOL({n})", out var s) ? new(ulong.Parse(s, NumberStyles.HexNumber, CultureInfo.InvariantCulture)) : null;
    public static bool TryParse(ReadOnlySpan<byte> t, [NotNullWhen(true)] out VmCoreInfoNote? note)
    {
        note = null;
        if (!t.StartsWith("OSRELEASE="u8)) return false;
        int e = t.IndexOf((byte)0); if (e >= 0) t = t[..e];
        note = new(Encoding.ASCII.GetString(t).Split('\n').Where(l => l.Contains('=')).ToDictionary(l => l.Split('=',2)[0], l => l.Split('=',2)[1]));
        return true;
    }
}
