using System.Security.Cryptography;
using System.Text;
using IommuSpy.Lab.Guests;
using IommuSpy.Lab.Kernels;
using IommuSpy.Lab.Machines;

namespace IommuSpy.Lab.Recording;

/// <summary>What a capture depends on, as a hash.</summary>
internal static class CaptureInputs
{
    // Changes when the files of a capture change their meaning without a change of the machine or the guest.
    private const int Format = 1;

    public static string Hash(CaptureSpec spec, GuestKernel kernel)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        string[] texts =
        [
            $"{Format}", kernel.Package, kernel.Version, $"{kernel.HasHeaders}", .. kernel.ModuleOrder,
            // Placeholders for directories: a cache that is moved stays valid.
            .. spec.MoreImages,
            .. new Machine(spec, kernel).Arguments(kernel with { Directory = "KERNEL" }, "CAPTURE", "SCRATCH"),
        ];
        foreach (byte[] part in texts.Select(Encoding.UTF8.GetBytes).Concat(GuestSources.All(spec)))
        {
            hash.AppendData(BitConverter.GetBytes(part.Length));
            hash.AppendData(part);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
