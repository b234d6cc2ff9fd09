using System.Globalization;
using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Reach;
using IommuSpy.Analysis.Wording;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Exposure.Rules;

/// <summary>What the kernel keeps behind a packet's data (struct skb_shared_info) lies on a page that a device can write.</summary>
public sealed class SocketBufferRule : IExposureRule
{
    /// <inheritdoc/>
    public string Id => "socket-buffer-metadata";

    /// <inheritdoc/>
    public string Title => "A network device can write the kernel's own fields behind its packet buffers";

    /// <inheritdoc/>
    public ExposureSeverity Severity => ExposureSeverity.Medium;

    /// <inheritdoc/>
    public string Action =>
        "A driver that receives into pages and builds the sk_buff around a copy (build_skb with headroom of its own, page pools with copybreak) exposes none; "
            + "for untrusted devices the kernel bounces buffers (swiotlb).";

    /// <inheritdoc/>
    public IEnumerable<ExposureFinding> Find(ExposureScene scene)
    {
        IReadOnlyList<SocketBuffer> buffers = scene.Memory.SocketBuffers;
        if (buffers.Count == 0)
        {
            yield break;
        }

        ILookup<PageFrame, SocketBuffer> byInfo = buffers.ToLookup(buffer => buffer.SharedInfoPhysical.Frame);
        ILookup<PageFrame, SocketBuffer> byData = buffers.ToLookup(buffer => buffer.Data.Frame);
        foreach (ReachSpace space in scene.RestrictingSpaces)
        {
            List<ExposureEvidence> evidence = [];
            HashSet<VirtualAddress> exposed = [];
            foreach (ExposedPage page in scene.PagesOf(space).Where(page => page.IsWritable && !page.IsOneToOne))
            {
                foreach (SocketBuffer buffer in byInfo[page.Frame].Where(buffer => exposed.Add(buffer.SharedInfo)))
                {
                    ulong within = buffer.SharedInfoPhysical.Value % PageFrame.Size;
                    string callback = buffer.CallbackOffset is ulong at
                        ? string.Create(CultureInfo.InvariantCulture, $", its callback pointer (destructor_arg) at +0x{at:x}") : "";
                    string neighbours = Neighbours(byData[page.Frame], buffer);
                    evidence.Add(new(
                        $"skb_shared_info of sk_buff {buffer.Object}{callback}{neighbours}", buffer.SharedInfoPhysical, page.Address + within, null,
                        DeviceRights.Letters(page.Rights), buffer.SharedInfo));
                }
            }

            if (evidence.Count > 0)
            {
                yield return Findings.Of(this, space,
                    $"{Findings.Names(space)} can write the skb_shared_info of {Amount.Of((ulong)evidence.Count, "packet buffer")}", evidence);
            }
        }
    }

    // Whose packets lie on the same page.
    private static string Neighbours(IEnumerable<SocketBuffer> onPage, SocketBuffer self)
    {
        string[] others = [.. onPage.Where(buffer => buffer.Object != self.Object).Select(buffer => buffer.Object.ToString())];
        return others.Length == 0 ? "" : $"; beside packet data of sk_buff {string.Join(", ", others)}";
    }
}
