using IommuSpy.Analysis.Doctor;
using IommuSpy.Memory.Systems;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Doctor.DoctorLine>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>What the live commands use of this machine.</summary>
internal sealed class DoctorTable() : Table<DoctorLine>(
    "doctor",
    "What the live commands use of this machine, and whether it is to be had.",
    Its.Text("name", "What it is.", row => row.Name),
    Its.Text("state", "works, limited or missing.", row => Words<DoctorState>.Of(row.State)),
    Its.Text("detail", "What was found.", row => row.Detail),
    Its.Text("remedy", "What would help; null where nothing is needed.", row => row.Remedy),
    Its.Text("serves", "Which commands need it.", row => row.Serves))
{
    /// <inheritdoc/>
    public override TableSubject Subject => TableSubject.Program;

    /// <inheritdoc/>
    public override void Rows(Question question, Action<DoctorLine> receive)
    {
        foreach (DoctorLine line in DoctorReport.Of(RunningFiles.Here).Lines)
        {
            receive(line);
        }
    }
}
