using IommuSpy.Translation;

namespace IommuSpy.Analysis.Wording;

/// <summary>Rights as people read them.</summary>
public static class RightsText
{
    /// <summary>"user rw-", "kernel r-x": who, and then what, as ls prints it.</summary>
    public static string Of(AccessRights rights) => ((rights & AccessRights.User) != AccessRights.None ? "user " : "kernel ") + Letters(rights);

    /// <summary>"rw-".</summary>
    public static string Letters(AccessRights rights) => string.Create(3, rights, static (text, value) =>
    {
        text[0] = (value & AccessRights.Read) != AccessRights.None ? 'r' : '-';
        text[1] = (value & AccessRights.Write) != AccessRights.None ? 'w' : '-';
        text[2] = (value & AccessRights.Execute) != AccessRights.None ? 'x' : '-';
    });

    /// <summary>Reads letters of "rwxu" (u: from user mode).</summary>
    /// <returns>Null where another letter is among them.</returns>
    public static AccessRights? Parse(string letters)
    {
        AccessRights rights = AccessRights.None;
        foreach (char letter in letters)
        {
            switch (letter)
            {
                case 'r':
                    rights |= AccessRights.Read;
                    break;
                case 'w':
                    rights |= AccessRights.Write;
                    break;
                case 'x':
                    rights |= AccessRights.Execute;
                    break;
                case 'u':
                    rights |= AccessRights.User;
                    break;
                case '-':
                    break;
                default:
                    return null;
            }
        }

        return rights;
    }
}
